/**
 * The small script of the desk pages. Every page works without it; with it NHS components behave, the answer to ask
 * about is one click away, and single keys move through lists for those who turn them on.
 */

import {
  Button,
  createAll,
  ErrorSummary,
  Header,
  NotificationBanner,
  PasswordInput,
  SkipLink,
} from "nhsuk-frontend";
import { prepareKeys } from "./desk/keys.js";
import { prepareQuestions } from "./desk/questions.js";

createAll(Button);
createAll(ErrorSummary);
createAll(Header);
createAll(NotificationBanner);
createAll(PasswordInput);
createAll(SkipLink);
prepareQuestions(document);
prepareKeys(document);
