/**
 * What can become of a request, in the visitor's words. None of them loses anything: what was recorded is on the
 * tablet until the server has given a receipt for it.
 */

/** No network, a broken connection, or something between us and the service that answers in its place. */
export class Offline extends Error {
  /** @param {unknown} [cause] */
  constructor(cause) {
    super(
      "The tablet could not reach the service. What you have recorded is safe on it and will be sent when there is a connection.",
      { cause },
    );
    this.name = "Offline";
  }
}

export class SignedOut extends Error {
  constructor() {
    super(
      "You are signed out of the service. What you have recorded is safe on this tablet, and completed visits are still sent. Sign in to fetch changes.",
    );
    this.name = "SignedOut";
  }
}

/** Somebody is signed in, but not whose vault is open: theirs is not the caseload to fetch. */
export class SignedInAsOther extends SignedOut {
  constructor() {
    super();
    this.name = "SignedInAsOther";
    this.message =
      "Someone else is signed in to the service on this tablet. What you have recorded is safe on it, and completed visits are still sent. Sign in as yourself to fetch changes.";
  }
}

export class TooLarge extends Error {
  constructor() {
    super("That was too much for the service at once. Nothing is lost.");
    this.name = "TooLarge";
  }
}

export class TryLater extends Error {
  /** @param {number | null} retryAfter milliseconds the service asks us to wait, if it said */
  constructor(retryAfter) {
    super("The service is busy. What you have recorded is safe on this tablet and will be sent shortly.");
    this.name = "TryLater";
    this.retryAfter = retryAfter;
  }
}

export class ServerFault extends Error {
  /** @param {number} status */
  constructor(status) {
    super(
      "Something went wrong at the service. What you have recorded is safe on this tablet, which will try again by itself.",
    );
    this.name = "ServerFault";
    this.status = status;
  }
}

/** Any other refusal; the message is the service's own. */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {string} code
   * @param {string} message
   */
  constructor(status, code, message) {
    super(message);
    this.name = "Refused";
    this.status = status;
    this.code = code;
  }
}

/** The service does not accept this tablet's own token: its visitor must sign in, which gives it a new one. */
export class UnknownTablet extends Error {
  constructor() {
    super(
      "The service does not know this tablet yet. What you have recorded is safe on it. Sign in, and it is sent.",
    );
    this.name = "UnknownTablet";
  }
}

/** Taken out of use by a supervisor: nothing is fetched any more, everything recorded is still sent. */
export class TabletRevoked extends Refused {
  /**
   * @param {number} status
   * @param {string} code
   * @param {import("../types.js").Command[]} commands
   */
  constructor(status, code, commands) {
    super(
      status,
      code,
      "This tablet has been taken out of use by your supervisor. What you have recorded is safe and is still sent.",
    );
    this.name = "TabletRevoked";
    this.commands = commands;
  }
}

/** The server no longer gives changes to this version of the app; it still takes what it sends. */
export class UpdateNeeded extends Refused {
  constructor() {
    super(
      426,
      "update_needed",
      "This version of the app is too old to fetch changes. What you have recorded is safe and is still sent. Close the app and open it to update it.",
    );
    this.name = "UpdateNeeded";
  }
}
