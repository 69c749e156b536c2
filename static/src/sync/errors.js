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
      "You are signed out of the service. What you have recorded is safe on this tablet. Sign in to send it.",
    );
    this.name = "SignedOut";
  }
}

/** Somebody is signed in, but not whose vault is open: theirs are not the visits to send. */
export class SignedInAsOther extends SignedOut {
  constructor() {
    super();
    this.name = "SignedInAsOther";
    this.message =
      "Someone else is signed in to the service on this tablet. What you have recorded is safe on it. Sign in as yourself to send it.";
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
