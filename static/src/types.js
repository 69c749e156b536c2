/**
 * The shapes that travel between tablet and server, and those the tablet keeps. Types only; nothing here runs.
 *
 * @typedef {null | boolean | number | string | Json[] | {[key: string]: Json}} Json
 *
 * @typedef {{id: string, name: string, role: string, job?: string | null,
 *   team?: {id: string, name: string, phone?: string | null} | null}} Account
 *
 * @typedef {object} Revision
 * One completed visit, immutable. `sha256` is the hash of all the rest.
 * @property {string} rev_id
 * @property {string} visit_id
 * @property {string | null} parent_rev
 * @property {string | null} base_rev the server's head that the visitor was looking at
 * @property {string} form_id
 * @property {number} form_version
 * @property {string} definition_hash
 * @property {string} child_id the child, or for an antenatal contact the pregnancy
 * @property {string} contact_type
 * @property {string} device_id
 * @property {number} device_seq 1, 2, 3 ... without a gap, for each device
 * @property {string} occurred_at
 * @property {string} sealed_at
 * @property {number | null} clock_offset_ms what to add to this tablet's clock to get the server's
 * @property {Payload} payload
 * @property {Withdrawal} [withdrawal] why the visit does not count; then there are no answers
 * @property {string} [author_id] whose vault it was completed in; absent in what version 1 completed
 * @property {string} sha256
 *
 * @typedef {{reason: string, words: string}} Withdrawal
 *
 * @typedef {string | {not_applicable: string}} Response what was done or planned about an alert, or why it does not apply
 *
 * @typedef {object} Payload
 * @property {{[field: string]: Json}} answers
 * @property {{[field: string]: Json}} confirmed
 * @property {{[alert: string]: Response}} alert_responses
 * @property {{[field: string]: Json}} derived
 * @property {{[key: string]: Json}} context
 *
 * @typedef {{seq: number, received_at: string, mac: string}} Receipt
 *
 * @typedef {{rev_id: string, device_seq: number, kid: string, box: string}} Envelope a revision as it travels:
 * sealed to the server, `box` in base64
 *
 * @typedef {{rev_id: string, result: string, message?: string, flags?: string[], receipt: Receipt | null,
 *   child_id?: string | null}} PushResult
 *
 * @typedef {{type: string, id: string, at: string, mac: string}} Command what a supervisor asks of a tablet
 *
 * @typedef {object} Common
 * What every answer of the sync service carries. Any of it may be missing in an answer of an older server.
 * @property {string} [server_time]
 * @property {string} [epoch] changes when the server was restored from a backup
 * @property {{kid: string, key: string}} [sealing_key]
 * @property {Command[]} [commands]
 * @property {number} [lease_days]
 *
 * @typedef {object} Draft
 * A visit being written. `id` becomes the revision's id, minted when the draft opens.
 * @property {string} id
 * @property {string} visitId
 * @property {string | null} parentRev
 * @property {string | null} baseRev
 * @property {string} childId
 * @property {string} contactType
 * @property {string} formId
 * @property {number} formVersion
 * @property {string} definitionHash
 * @property {{[field: string]: Json}} answers
 * @property {{[field: string]: Json}} confirmed
 * @property {{[alert: string]: Response}} alertResponses
 * @property {string | null} enteredAt when the visit was first completed, where this corrects it
 * @property {string} createdAt
 * @property {string} updatedAt
 * @property {string | null} position the section last looked at
 * @property {{[key: string]: any} | null} [record] what questions and rules asked of the record when the visit was last
 *   opened beside it, for when that has left the tablet; no names, no address
 *
 * @typedef {object} OutboxItem
 * @property {string} id the revision's id
 * @property {Revision | null} rev null when what is stored cannot be read
 * @property {"sealed" | "acked" | "confirmed" | "refused"} state acked: received; confirmed: still held since
 * @property {Receipt | null} receipt
 * @property {string | null} problem in plain words
 * @property {string} sealedAt
 * @property {{number: number, percent: number} | null} photos of it that the server does not have yet
 *
 * @typedef {{id: string} & {[key: string]: any}} ChildBody
 * @typedef {{id: string} & {[key: string]: any}} PregnancyBody
 * @typedef {{id: string, child_id: string, head_rev: string, state: string, revision?: Revision}
 *   & {[key: string]: any}} VisitBody
 *
 * @typedef {{seq: number, type: string, id: string, body: any}} Change
 *
 * @typedef {object} ChangesPage
 * @property {Change[]} items
 * @property {string} cursor
 * @property {boolean} more
 * @property {number} remaining
 * @property {unknown} [service] what the provider has decided
 * @property {Common} [common]
 */

export {};
