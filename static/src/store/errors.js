/**
 * What can go wrong with the tablet's own storage. Messages are for the visitor: what happened, what is safe,
 * what to do.
 */

export class WrongPassphrase extends Error {
  constructor() {
    super("That passphrase is not right. Nothing on this tablet has changed. Check it and try again.");
    this.name = "WrongPassphrase";
  }
}

export class WeakPassphrase extends Error {
  /** @param {number} least */
  constructor(least) {
    super(`The passphrase is too short. Use at least ${least} characters: three or four words work well.`);
    this.name = "WeakPassphrase";
  }
}

export class WrongPin extends Error {
  /** @param {number} left */
  constructor(left) {
    const tries = left === 1 ? "1 more try" : `${left} more tries`;
    super(`That PIN is not right. Nothing has changed. You have ${tries} before the passphrase is needed.`);
    this.name = "WrongPin";
    this.left = left;
  }
}

export class PinSpent extends Error {
  constructor() {
    super("That was the last try with the PIN. What you saved is safe. Unlock with your passphrase.");
    this.name = "PinSpent";
  }
}

export class WeakPin extends Error {
  /** @param {number} least */
  constructor(least) {
    super(`The PIN is too easy to guess. Use at least ${least} digits, at least three of them different.`);
    this.name = "WeakPin";
  }
}

export class PasskeyUnsupported extends Error {
  constructor() {
    super(
      "This tablet cannot unlock with a face or fingerprint here. Nothing has changed. Use your passphrase.",
    );
    this.name = "PasskeyUnsupported";
  }
}

export class PasskeyNotUsed extends Error {
  /** @param {unknown} [cause] */
  constructor(cause) {
    super("The tablet did not confirm it is you. Nothing has changed. Try again, or use your passphrase.", {
      cause,
    });
    this.name = "PasskeyNotUsed";
  }
}

export class NotSetUp extends Error {
  constructor() {
    super(
      "This tablet is not set up for you yet. Connect to the internet, sign in and make this tablet ready.",
    );
    this.name = "NotSetUp";
  }
}

export class AlreadySetUp extends Error {
  constructor() {
    super("This tablet is already set up for you. Unlock it with the passphrase you chose.");
    this.name = "AlreadySetUp";
  }
}

export class Locked extends Error {
  constructor() {
    super("This tablet is locked. What you saved is safe on it. Unlock it to go on.");
    this.name = "Locked";
  }
}

export class VaultGone extends Error {
  constructor() {
    super(
      "This tablet has been taken out of use, so the last change is not saved. Everything saved before it was handed to the service.",
    );
    this.name = "VaultGone";
  }
}

export class Unreadable extends Error {
  constructor() {
    super("A record on this tablet cannot be read. It has been kept. Tell your supervisor.");
    this.name = "Unreadable";
  }
}

export class ChangedElsewhere extends Error {
  constructor() {
    super(
      "Your last answers here are not saved: this visit is open in another window of this tablet and was changed there. Go on in that window.",
    );
    this.name = "ChangedElsewhere";
  }
}

export class AlreadyComplete extends Error {
  constructor() {
    super(
      "This visit is already complete and is safe on this tablet. To change it, open it from Sent and waiting.",
    );
    this.name = "AlreadyComplete";
  }
}

export class StorageFull extends Error {
  constructor() {
    super(
      "This tablet has no space left, so the last change is not saved. Everything before it is safe. " +
        "Remove photos or apps to free space, then try again.",
    );
    this.name = "StorageFull";
  }
}

export class StorageTrouble extends Error {
  /** @param {unknown} cause */
  constructor(cause) {
    super(
      "The tablet could not save the last change. Everything before it is safe. " +
        "Try again; if it happens again, close the app and open it.",
      { cause },
    );
    this.name = "StorageTrouble";
  }
}
