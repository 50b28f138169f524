// The wire of Roster 0.1.0, protocol version 1: JSON-RPC 2.0, described in protocol.md.
// Made from the code by "roster generate": edit that instead.

/** What Roster answers. */
export interface Methods {
  /** Opens the connection: versions, limits, and which database. Answered before the database is open. */
  "initialize": { params: InitializeParams; result: InitializeResult };
  /** Answers at once, however much is in hand. */
  "ping": { params: Record<string, never>; result: Record<string, never> };
  /** Gives all of this as an OpenRPC document. */
  "rpc.discover": { params: Record<string, never>; result: unknown };
  /** Says how Roster and its database are. Works while the database is being opened, and when it has failed. */
  "health/check": { params: Record<string, never>; result: HealthResult };
  /** Sets from which level on entries are logged to stderr. */
  "log/setLevel": { params: LevelParams; result: LevelParams };
  /** Ends the work: requests after it are refused. Those in hand go on until exit. */
  "shutdown": { params: Record<string, never>; result: null };
  /** Lists the kinds of systems that records can come from. */
  "registry/listSourceTypes": { params: Record<string, never>; result: SourceTypeList };
  /** Lists the resources that records are written to, in that order. */
  "registry/listTargets": { params: Record<string, never>; result: TargetList };
  /** Declares a kind of system whose records the host brings: Roster calls its source/* methods. */
  "registry/registerSource": { params: RegisterSourceParams; result: SourceTypeList };
  /** Declares a resource that the host writes: from then on it gets what changes, by target/apply or target/create and target/update, after it has been committed, at least once. */
  "registry/registerTarget": { params: RegisterTargetParams; result: TargetList };
  /** Takes back what this connection has registered. What a target has not got stays for it. */
  "registry/unregister": { params: UnregisterParams; result: null };
  /** Makes changes to NocoBase's users or departments, as pushes of the sources that they name. Every change has its outcome. */
  "target/apply": { params: ApplyParams; result: ApplyResult };
  /** Does the same for one record, in NocoBase's shape, and gives the rows that it stands for. */
  "target/create": { params: CreateParams; result: Written[] };
  /** Does the same for one record that has rows; with isDeleted it is a tombstone. */
  "target/update": { params: UpdateParams; result: Written[] };
  /** Finds rows of a target by the values of one field. Values that nobody has bring nothing. */
  "target/find": { params: FindParams; result: FindResult };
  /** Lists the sources. */
  "sources/list": { params: Record<string, never>; result: SourceList };
  /** Gives one source. */
  "sources/get": { params: SourceParams; result: SourceResult };
  /** Adds a source. Its options are checked, and its secrets kept encrypted and never given again. */
  "sources/create": { params: CreateSourceParams; result: SourceResult };
  /** Changes what is named of a source. The answer is the source as it is then. */
  "sources/update": { params: UpdateSourceParams; result: SourceResult };
  /** Removes a source, after its records where that is asked for. When they cannot all be removed it stays, and the error says so. */
  "sources/delete": { params: DeleteSourceParams; result: DeleteSourceResult };
  /** Says what is wrong with a source, or with a draft of one, all at once; paths are those in the draft. */
  "sources/validate": { params: TrialParams; result: ValidateResult };
  /** Tries to read a source, or a draft of one, step by step, for a minute at most. Steps that failed are no error. */
  "sources/test": { params: TrialParams; result: CheckResult };
  /** Brings records of one type into NocoBase and answers when all is written. A bad record fails alone. With snapshot, what no part of it had is gone. */
  "sync/push": { params: PushParams; result: PushResult };
  /** Begins to read a source and to write what it has. Answers at once with the task, that of the reading that is under way already where there is one; sync/wait waits for it. */
  "sync/start": { params: StartParams; result: StartResult };
  /** Says what sync/push would do, or sync/start of a source, and writes nothing to NocoBase's tables. */
  "sync/plan": { params: PlanParams; result: PlanResult };
  /** Does again what of a task failed, and only that; goes on with one that was interrupted. Answers as sync/push does. */
  "sync/retry": { params: RetryParams; result: PushResult };
  /** Asks a run to stop, in whatever process it works, and gives its task as it stands. What was committed stands. */
  "sync/cancel": { params: TaskParams; result: TaskResult };
  /** Answers with a task when its run has ended, or as it stands when the time is over. */
  "sync/wait": { params: WaitParams; result: TaskResult };
  /** Opens a source with the options given, for this connection only: Roster keeps none of it. It is closed when it is not asked anything for long. */
  "source/open": { params: OpenParams; result: OpenResult };
  /** Gives the next records, waiting for them: from the beginning, or on from state. The pages of an answer are stored and acknowledged before the next is asked for, so the source never runs ahead. Taking the request back ends the waiting only: what it would have brought comes with the next. */
  "source/read": { params: ReadParams; result: ReadResult };
  /** Says that the pages read last are stored. */
  "source/ack": { params: SessionParams; result: null };
  /** Reads single records. Each is found, gone, or hidden where that cannot be seen. */
  "source/lookup": { params: LookupParams; result: LookupResult };
  /** Tries what reading would do, in steps, and shows some records. */
  "source/check": { params: SessionParams; result: CheckResult };
  /** Hands on an HTTP request that a system sent, and gives the response to send back. The events of an open source come back; those of a source that Roster has are kept before the answer, and acted on. */
  "source/webhook": { params: WebhookParams; result: WebhookResult };
  /** Ends what is in hand with a source, and closes it. */
  "source/close": { params: SessionParams; result: null };
  /** Lists runs, the newest first. */
  "tasks/list": { params: TasksParams; result: TasksResult };
  /** Gives one run. */
  "tasks/get": { params: GetTaskParams; result: TaskResult };
  /** Lists what a run did, departments first, in the order of the records. */
  "tasks/items": { params: ItemsParams; result: ItemsResult };
  /** Gives a record as it was last received, and the rows it stands for. */
  "records/get": { params: RecordParams; result: RecordResult };
}

/** What a host may tell Roster. */
export interface Notifications {
  /** The host has read the answer to initialize. Nothing depends on it. */
  "initialized": { params: Record<string, never> };
  /** Ends the connection and cancels what is in hand. Without shutdown before it the process ends with code 1. */
  "exit": { params: Record<string, never> };
  /** Takes a request back. It is answered with -32800 at once; an unknown id is ignored. */
  "$/cancelRequest": { params: CancelParams };
}

/** What Roster asks of a host that has registered an adapter. */
export interface HostMethods {
  /** Says how a source is set up, whose row the host has written: asked of one with the capability resolve, whenever the source is read. */
  "sources/resolve": { params: ResolveParams; result: ResolveResult };
  /** Writes a record that the target has no row for. NocoBase's own shape. */
  "target/create": { params: CreateParams; result: Written[] };
  /** Writes a record that the target has rows for; one with isDeleted in its metaData is gone. NocoBase's own shape. */
  "target/update": { params: UpdateParams; result: Written[] };
  /** Makes many changes, in their order: of a target that was registered with batches, instead of target/create and target/update. */
  "target/apply": { params: ApplyParams; result: ApplyResult };
  /** Says which rows have one of the values in a field: of a target that was registered with finds. */
  "target/find": { params: FindParams; result: FindResult };
  /** Opens a source with the options given, for this connection only: Roster keeps none of it. It is closed when it is not asked anything for long. */
  "source/open": { params: OpenParams; result: OpenResult };
  /** Gives the next records, waiting for them: from the beginning, or on from state. The pages of an answer are stored and acknowledged before the next is asked for, so the source never runs ahead. Taking the request back ends the waiting only: what it would have brought comes with the next. */
  "source/read": { params: ReadParams; result: ReadResult };
  /** Says that the pages read last are stored. */
  "source/ack": { params: SessionParams; result: null };
  /** Reads single records. Each is found, gone, or hidden where that cannot be seen. */
  "source/lookup": { params: LookupParams; result: LookupResult };
  /** Tries what reading would do, in steps, and shows some records. */
  "source/check": { params: SessionParams; result: CheckResult };
  /** Hands on an HTTP request that a system sent, and gives the response to send back. The events of an open source come back; those of a source that Roster has are kept before the answer, and acted on. */
  "source/webhook": { params: WebhookParams; result: WebhookResult };
  /** Ends what is in hand with a source, and closes it. */
  "source/close": { params: SessionParams; result: null };
}

/** What Roster tells a host. */
export interface HostNotifications {
  /** How far a request with a progressToken has come: ten times a second at most, and nothing after its answer. */
  "$/progress": { params: ProgressParams };
  /** How far a run has come for which no request waits: one of sync/start, or of an event. Each new state, and ten times a second at most between them. */
  "task/updated": { params: TaskUpdatedParams };
  /** Source types and targets are others now: what registry/listSourceTypes and registry/listTargets said is to be asked again. */
  "registry/changed": { params: RegistryChangedParams };
  /** Rows are no more as they were, and what the host keeps of them in caches must be dropped. It comes before the answer to the request that had them written. */
  "target/changed": { params: ChangedParams };
}

/** An error as it is answered. */
export interface ResponseError {
  code: ErrorCode;
  message: string;
  data?: ErrorData;
}

/** See the table of errors in protocol.md. */
export type ErrorCode =
  | -32700 // ParseError: what came is no JSON, or its framing is broken
  | -32600 // InvalidRequest: what came is no request, or it came at the wrong time
  | -32601 // MethodNotFound: there is no such method
  | -32602 // InvalidParams: a member of params is unknown, missing or of the wrong type; data.path says which
  | -32603 // InternalError: a mistake of Roster's; its log has the whole of it
  | -32002 // NotInitialized: initialize comes first
  | -32800 // Canceled: the host took the request back
  | 1001 // Config: settings are wrong; retrying changes nothing
  | 1002 // Auth: credentials were refused
  | 1003 // RateLimited: too many calls
  | 1004 // Transient: a fault that may pass
  | 1005 // Data: a record or a body is not what it must be
  | 1006 // Conflict: somebody else holds the value or the row
  | 1007 // Guard: a safety rule held the run
  | 1008 // Locked: somebody else is at work on it
  | 1009 // NotFound: there is no such task, record or source
  | 1010 // Unsupported: this version cannot do it
  | 1011 // Overloaded: more is in flight than is taken at once, or an answer is larger than the host reads
  | 1012 // Stale: what was asked about has changed since
;

/** What a record is: user or department, or what a registered target accepts. */
export type DataType = "department" | "user" | (string & {});

/** The class of an error: what a caller can act on. */
export type ErrorKind = "internal" | "canceled" | "config" | "auth" | "rate-limited" | "transient" | "data" | "conflict" | "guard" | "locked" | "not-found" | "unsupported" | "overloaded" | "stale";

/** Where a run stands. */
export type State = "queued" | "reading" | "planning" | "held" | "applying" | "success" | "partial" | "failed" | "canceled" | "interrupted";

/** What a change does. */
export type Op = "create" | "update" | "delete";

/** A user or department as its source knows it. An attribute that is left out is left alone, null clears. */
export type PushedRecord = {
  /** the source's own key */
  uid: string | number;
  /** the record is gone */
  isDeleted?: boolean;
  [attribute: string]: unknown;
};

/** The options of a source: those of its type, and sync. */
export type SourceOptions = {
  /** how the source is synchronized: the same for every type of source */
  sync?: {
    /** what becomes of a row when its record is gone; only the last source that claims a row removes it */
    removal?: {
      /** keep it as it is, unlink it (the source's claims end), disable it, or delete it; left out, isDeleted deletes and absence keeps */
      user?: "keep" | "unlink" | "disable" | "delete";
      /** the same for departments */
      department?: "keep" | "unlink" | "disable" | "delete";
      /** of a deleted department: they go to the nearest department that stays, or are removed with it (default: "reparent") */
      children?: "reparent" | "remove";
      /** how a row is disabled */
      disable?: {
        /** the field that tells that a row is disabled */
        field?: string;
        /** its value then */
        value?: unknown;
      };
    };
    /** when a match finds a row that another source is linked to: link it too, skip the record, or fail it (default: "link") */
    conflict?: "link" | "skip" | "fail";
    /** own: only what the source claimed ends with its claim; adopt: also what was there before; all: the source's statement is the whole truth (default: "own") */
    memberships?: "own" | "adopt" | "all";
    /** what was edited by hand is set right, or kept until the record says something new (default: "repair") */
    drift?: "repair" | "keep";
    /** finds the user of a record that is linked to none, where a push does not name another: by this column, or nobody */
    matchKey?: "username" | "email" | "phone";
    /** finds the department of a record that is linked to none: a column's name, path (of titles), or nothing */
    departmentMatch?: string;
    /** matching takes no heed of case */
    ignoreCase?: boolean;
    /** stop a run before its first write when it would do more than is likely to be meant; null turns a guard off */
    guards?: {
      /** deleted or disabled */
      usersRemoved?: {
        /** more than so many; 0 is no limit (default: 500) */
        count?: number;
        /** over so many percent of what the source has, and at least least; 0 is no limit (default: 10) */
        percent?: number;
        /** fewer than so many are never too many percent (default: 5) */
        least?: number;
        /** where the source has fewer than so many, none are too many percent */
        among?: number;
      } | null;
      /** ended */
      membershipsRemoved?: {
        /** more than so many; 0 is no limit (default: 500) */
        count?: number;
        /** over so many percent of what the source has, and at least least; 0 is no limit (default: 10) */
        percent?: number;
        /** fewer than so many are never too many percent (default: 5) */
        least?: number;
        /** where the source has fewer than so many, none are too many percent */
        among?: number;
      } | null;
      /** deleted, disabled, or moved to the top */
      departmentsRemoved?: {
        /** more than so many; 0 is no limit (default: 20) */
        count?: number;
        /** over so many percent of what the source has, and at least least; 0 is no limit (default: 10) */
        percent?: number;
        /** fewer than so many are never too many percent */
        least?: number;
        /** where the source has fewer than so many, none are too many percent (default: 10) */
        among?: number;
      } | null;
      /** created or updated (default: null) */
      usersChanged?: {
        /** more than so many; 0 is no limit */
        count?: number;
        /** over so many percent of what the source has, and at least least; 0 is no limit */
        percent?: number;
        /** fewer than so many are never too many percent */
        least?: number;
        /** where the source has fewer than so many, none are too many percent */
        among?: number;
      } | null;
    };
  };
};

export interface InitializeParams {
  /** the version of the protocol that the host speaks: 1 */
  protocolVersion: string;
  /** who the host is */
  client?: Peer;
  /** what the host can do: resolve, that it answers sources/resolve; any other member is ignored */
  capabilities?: Record<string, unknown>;
  /** how much the host takes */
  limits?: HostLimits;
  /** which database; without it flags and environment decide */
  config?: Config;
}

export interface Peer {
  name?: string;
  version?: string;
}

export interface HostLimits {
  /** the largest message that the host reads; at least 4096, and never more is sent to it */
  maxFrameBytes?: number;
}

export interface Config {
  /** sqlite:PATH or postgres://…; may hold a password and is never repeated */
  db?: string;
  /** the PostgreSQL schema of NocoBase's tables (DB_SCHEMA); left out, it is found out */
  schema?: string;
  /** how the names of NocoBase's tables begin (DB_TABLE_PREFIX); left out, it is found out */
  tablePrefix?: string;
  /** whether NocoBase's names are underscored (DB_UNDERSCORED); left out, it is found out */
  underscored?: boolean;
  /** who writes to NocoBase's tables; this version knows direct only */
  apply?: string;
  /** where the files of received records go */
  logsDir?: string;
  /** where systems reach callbacks of sources: the address of a Roster that serves, or with {source} where the name of a source goes, one whose requests the host hands to source/webhook */
  publicUrl?: string;
  /** what NocoBase's referenceMap holds, of all collections: what becomes of rows that refer to one that goes; without it, NocoBase's table of fields is read, which does not know what stands in the code of plugins */
  references?: Reference[];
}

export interface Reference {
  /** the table whose rows refer, as SQL, with its schema where it has one: "nbs"."nb_users_authenticators" */
  table: string;
  /** its column that refers, not quoted: user_id */
  column: string;
  /** the table that is referred to, as SQL */
  target: string;
  /** its column that is referred to, not quoted: id */
  targetColumn: string;
  /** what becomes of rows that refer to one that goes: CASCADE, SET NULL, RESTRICT or NO ACTION */
  onDelete: string;
}

export interface InitializeResult {
  protocolVersion: string;
  server: Peer;
  capabilities: ServerCapabilities;
  limits: Limits;
}

export interface ServerCapabilities {
  /** sync/push and sync/plan */
  push: boolean;
  /** $/progress for requests with a progressToken */
  progress: boolean;
  /** $/cancelRequest */
  cancel: boolean;
  /** sync/start, source/open and the other methods of source/, and the notification task/updated */
  pull: boolean;
  /** registry/registerSource and registry/registerTarget: adapters of the host's own */
  registry: boolean;
  /** the notification target/changed, as components.schemas.Changed: rows are no more as they were, and what is kept of them in caches must be dropped */
  changed: boolean;
}

export interface Limits {
  /** the largest message that is read, in bytes without headers */
  maxFrameBytes: number;
  /** how many requests may be unfinished at once; more are refused with 1011 */
  maxRequestsInFlight: number;
  /** how many bytes of params unfinished requests may hold together; more are refused with 1011 */
  maxBytesInFlight: number;
  /** how many sources may be open at once (source/open); more are refused with 1011 */
  maxOpenSources: number;
  /** an open source that is asked nothing for so long is closed */
  sourceIdleMs: number;
}

export interface HealthResult {
  /** ok, starting, or degraded */
  status: string;
  version: string;
  uptimeMs: number;
  database: DatabaseHealth;
  /** besides this one */
  requestsInFlight: number;
}

export interface DatabaseHealth {
  /** opening, open, or failed */
  state: string;
  /** of an open one: sqlite or postgres */
  dialect?: string;
  /** why it failed */
  error?: string;
  /** the NocoBase in the database, and how it names its tables; left out where the tables are Roster's own */
  nocobase?: Host;
  /** fields that NocoBase fills in rows that it makes, and that stay empty in those of a sync */
  warnings?: Warning[];
}

export interface Host {
  version?: string;
  schema?: string;
  tablePrefix: string;
  underscored: boolean;
}

export interface Warning {
  collection: string;
  field: string;
  type: string;
  consequence: string;
  hint: string;
}

export interface LevelParams {
  /** debug, info, warn or error */
  level: string;
}

export interface SourceTypeList {
  types: SourceType[];
}

/** A kind of system that records come from. */
export interface SourceType {
  /** letters, digits and hyphens */
  name: string;
  /** for an operator */
  title: string;
  /** builtin, or who registered it */
  origin: string;
  /** what it has records of */
  dataTypes: DataType[];
  /** JSON Schema (2020-12) of its options; writeOnly marks secrets */
  optionsSchema?: unknown;
  capabilities: Capabilities;
}

export interface Capabilities {
  /** it can be read */
  pull: boolean;
  /** others send its records */
  push: boolean;
  /** it takes callbacks */
  webhook: boolean;
  /** single records can be read */
  lookup: boolean;
  /** it can be tested */
  check: boolean;
}

export interface TargetList {
  /** in the order in which they are written */
  targets: TargetInfo[];
}

/** A resource that records are written to. */
export interface TargetInfo {
  name: string;
  /** the types of records written to it */
  accepts: DataType[];
  /** targets that are written before it */
  after?: string[];
  /** targets that are written after it */
  before?: string[];
}

export interface RegisterSourceParams {
  /** of the source type; source/open is called with it */
  name: string;
  /** for an operator; the name when absent */
  title?: string;
  /** department, user */
  dataTypes: DataType[];
  /** a JSON Schema (2020-12) of a source's options; writeOnly marks secrets */
  optionsSchema?: unknown;
  /** what its sources can do; absent: nothing */
  capabilities?: SourcePowers;
}

export interface SourcePowers {
  /** source/read */
  pull?: boolean;
  /** others send its records */
  push?: boolean;
  /** source/webhook */
  webhook?: boolean;
  /** source/lookup */
  lookup?: boolean;
  /** source/check */
  check?: boolean;
}

export interface RegisterTargetParams {
  /** of the target: the resource of links and results */
  name: string;
  /** the types of records that it gets: department, user */
  accepts: DataType[];
  /** targets that are written before it */
  after?: string[];
  /** targets that are written after it; of those that are not NocoBase's */
  before?: string[];
  /** it answers target/apply, with many changes at once; else target/create and target/update, with one */
  batches?: boolean;
  /** it answers target/find */
  finds?: boolean;
}

export interface UnregisterParams {
  /** of a source type or target that this connection has registered */
  name: string;
}

export interface ApplyParams {
  target: string;
  changes: WireChange[];
}

/** A record that was created, changed or removed. */
export interface WireChange {
  /** the same key is the same change: it is not made twice */
  key: string;
  /** create, update or delete */
  op: Op;
  record: OriginRecord;
  resourcePks: string[];
  matchKey?: string;
}

/** A record as NocoBase hands it to a target. */
export interface OriginRecord {
  id: string;
  sourceName: string;
  sourceUk: string;
  dataType: DataType;
  metaData: PushedRecord;
  resources: Link[];
}

/** Which row of a resource a record stands for. */
export interface Link {
  resource: string;
  resourcePk: string;
}

export interface ApplyResult {
  /** one for each change */
  outcomes: WireOutcome[];
}

/** What came of a change. */
export interface WireOutcome {
  key: string;
  /** the target's rows for the record now */
  resourcePks?: string[];
  error?: WireError;
}

/** Why a change was not made. One that is transient, rate-limited, locked or overloaded is tried again. */
export interface WireError {
  kind: ErrorKind;
  message: string;
  hint?: string;
  path?: string;
  retryAfterMs?: number;
}

export interface CreateParams {
  target: string;
  /** the same key is the same change: it is not made twice */
  key: string;
  record: OriginRecord;
  matchKey?: string;
}

/** A row that a target wrote for a record, or removed. */
export interface Written {
  resourcesPk: string;
  isDeleted?: boolean;
}

export interface UpdateParams {
  target: string;
  /** the same key is the same change: it is not made twice */
  key: string;
  record: OriginRecord;
  resourcePks: string[];
  matchKey?: string;
}

export interface FindParams {
  /** of registry/listTargets */
  target: string;
  /** the type of the records that the rows are for */
  dataType: DataType;
  /** id, or a field that records state: username, email, phone, title */
  field: string;
  /** up to 1000 */
  values: string[];
}

export interface FindResult {
  rows: Found[];
}

/** A row that was found. */
export interface Found {
  row: string;
  /** of the field */
  value: string;
  attrs?: unknown;
}

export interface SourceList {
  /** by name; secrets are null, and secretsSet names those that are set */
  sources: Source[];
}

export interface Source {
  id: string;
  name: string;
  sourceType: string;
  displayName: string;
  enabled: boolean;
  options: unknown;
  secretsSet: string[];
  /** where its system is to send what it sends by itself, if it sends anything: below config.publicUrl, the path alone without it */
  callbackUrl?: string;
  createdAt: string;
  updatedAt: string;
}

export interface SourceParams {
  /** of the source */
  name: string;
}

export interface SourceResult {
  /** secrets are null, and secretsSet names those that are set */
  source: Source;
}

export interface CreateSourceParams {
  /** unique; what pushes call sourceName */
  name: string;
  /** of registry/listSourceTypes */
  sourceType: string;
  displayName?: string;
  /** true when absent */
  enabled?: boolean;
  /** as the optionsSchema of the type says, and sync */
  options?: SourceOptions;
}

export interface UpdateSourceParams {
  /** of the source, as it is called now */
  name: string;
  /** takes along all that is kept under the old one; refused while a run is under way */
  newName?: string;
  /** cannot be changed */
  sourceType?: string;
  displayName?: string;
  /** a disabled source refuses to be read, pushes and callbacks */
  enabled?: boolean;
  /** replace all there were; a secret that is null or absent stays as it is, an empty one is cleared */
  options?: SourceOptions;
}

export interface DeleteSourceParams {
  name: string;
  /** what becomes of its records: keep (when absent), unlink them from their rows, or delete the rows that only it claims; the latter two are a run, with guards */
  records?: string;
  /** asks for $/progress {token, value} while the request runs */
  progressToken?: string | number;
}

export interface DeleteSourceResult {
  /** that removed the records; absent where they were kept */
  task?: Task;
}

/** One run, as an operator sees it. */
export interface Task {
  id: string;
  source: string;
  /** push, pull, retry, adopt, reindex, or plan for a run that only planned */
  kind: string;
  /** as NocoBase shows it: init, processing, success or failed */
  status: string;
  /** the same, finer */
  state: State;
  /** milliseconds from start to end, or until now */
  cost: number;
  /** one sentence: what happened, with counts */
  message: string;
  /** by department, user and membership */
  counts: Record<string, Counts>;
  startedAt: string;
  finishedAt?: string;
}

/** How many records, or memberships, ended how. */
export interface Counts {
  total: number;
  created: number;
  /** joined to a row that was there already */
  linked: number;
  updated: number;
  deleted: number;
  /** gone, and the row says so */
  disabled: number;
  /** gone, and the row stays without the source's claims */
  unlinked: number;
  /** gone, and nothing is done about it */
  kept: number;
  unchanged: number;
  /** waits for a department that has not arrived */
  pending: number;
  /** superseded by a later record with the same uid */
  skipped: number;
  failed: number;
}

export interface TrialParams {
  /** a source that is saved; what the draft leaves out is as it has it */
  name?: string;
  /** how the source would be; alone, a new one */
  draft?: SourceDraft;
}

export interface SourceDraft {
  name?: string;
  sourceType?: string;
  displayName?: string;
  enabled?: boolean;
  options?: SourceOptions;
}

export interface ValidateResult {
  /** what is wrong; none when it could be saved */
  faults: Fault[];
}

export interface Fault {
  path: string;
  message: string;
}

export interface CheckResult {
  steps: Step[];
  sample: UserData[];
}

/** One thing that was tried. */
export interface Step {
  name: string;
  /** it works */
  ok: boolean;
  /** what was found, or what is wrong */
  message: string;
  /** what to do about it */
  hint?: string;
  /** milliseconds */
  tookMs: number;
}

/** Records of one type. */
export interface UserData {
  dataType: DataType;
  records: PushedRecord[];
}

export interface PushParams {
  /** whose records these are; api when absent */
  sourceName?: string;
  /** user or department */
  dataType?: string;
  /** username, email or phone: finds the row of a user not linked yet */
  matchKey?: string;
  /** the records, each with a uid */
  records?: PushedRecord[];
  /** these records are a part of a reading of the whole directory, whose absence counts; absent: single records */
  snapshot?: Snapshot;
  /** the source's options, of which only sync is read here; absent: as its row says, else the defaults */
  options?: SourceOptions;
  /** the id of the user who runs it, who is never removed */
  actor?: string;
  /** asks for $/progress {token, value} while the request runs */
  progressToken?: string | number;
}

export interface Snapshot {
  /** parts with the same id belong together */
  id: string;
  /** this is the last part, sent when the others have been answered: what none of them had is gone */
  done?: boolean;
  /** of the last part: how many records of each type all parts held; where fewer arrived, nothing is taken for gone */
  counts?: Record<string, number>;
}

export interface PushResult {
  taskId: string;
  /** as NocoBase shows it: success or failed */
  status: string;
  /** the same, finer: success, partial, failed */
  state: State;
  message: string;
  /** NocoBase's own answer, an entry per resource */
  result: SyncResult[];
  /** what was left out of the records, and why */
  notes: Note[];
  /** what is not as was asked for: why absence was not looked at, which guard would hold the push */
  warnings?: string[];
}

/** How a target fared: NocoBase's own shape. */
export interface SyncResult {
  resource: string;
  detail: SyncedDetail;
}

export interface SyncedDetail {
  count: SyncedCount;
  failedRecords: FailedRecord[];
}

/** all = success + failed + skipped */
export interface SyncedCount {
  all: number;
  success: number;
  failed: number;
  skipped: number;
  pending?: number;
}

/** A record as it was pushed, without secrets, and why it was not written. */
export interface FailedRecord {
  record: unknown;
  message: string;
  kind: ErrorKind;
  field?: string;
}

/** Something was left out of the records, said once for each field. */
export interface Note {
  type: DataType;
  field: string;
  reason: string;
  /** how many records had it */
  records: number;
}

export interface StartParams {
  /** the name of a source that Roster has */
  source?: string;
  /** instead: a source as the host has resolved it */
  inline?: InlineSource;
  /** the id of the user who runs it, who is never removed */
  actor?: string;
  /** the id of the row of userDataSyncTasks that the host has made for it; absent: one is made */
  task?: string;
}

export interface InlineSource {
  /** whose records these are */
  name: string;
  /** of registry/listSourceTypes */
  sourceType: string;
  /** as the type's optionsSchema says, and sync; secrets in clear */
  options?: unknown;
}

export interface StartResult {
  taskId: string;
  /** as NocoBase shows it: init, processing, success or failed */
  status: string;
  /** the same, finer */
  state: State;
}

export interface PlanParams {
  /** the name of a source that Roster has */
  source?: string;
  /** instead: a source as the host has resolved it */
  inline?: InlineSource;
  /** whose records these are; api when absent */
  sourceName?: string;
  /** user or department */
  dataType?: string;
  /** username, email or phone: finds the row of a user not linked yet */
  matchKey?: string;
  /** the records, each with a uid */
  records?: PushedRecord[];
  /** these records are a part of a reading of the whole directory, whose absence counts; absent: single records */
  snapshot?: Snapshot;
  /** the source's options, of which only sync is read here; absent: as its row says, else the defaults */
  options?: SourceOptions;
  /** the id of the user who runs it, who is never removed */
  actor?: string;
  /** asks for $/progress {token, value} while the request runs */
  progressToken?: string | number;
}

export interface PlanResult {
  taskId: string;
  status: string;
  state: State;
  message: string;
  /** by department, user and membership */
  counts: Record<string, Counts>;
  /** what would be done, the first 1000; tasks/items has all */
  items: Item[];
  result: SyncResult[];
  notes: Note[];
  /** which guard would hold the push, why absence was not looked at */
  warnings?: string[];
}

/** One thing that a run did, would do, or could not do. */
export interface Item {
  /** for the next page */
  id: string;
  type: DataType;
  uid: string;
  /** create, link, update, delete, disable, unlink, keep, fail or skip */
  op: string;
  /** what an update changes */
  fields?: string[];
  /** planned, applied or failed */
  state: string;
  /** why it failed or was skipped */
  reason?: string;
  /** the row in NocoBase's table */
  rowId?: string;
  /** how many rows of other tables went with it */
  along?: number;
}

export interface RetryParams {
  taskId: string;
  /** asks for $/progress {token, value} while the request runs */
  progressToken?: string | number;
}

export interface TaskParams {
  taskId: string;
}

export interface TaskResult {
  task: Task;
}

export interface WaitParams {
  taskId: string;
  /** how long to wait, up to a day; without it, until the run has ended */
  timeoutMs?: number;
}

export interface OpenParams {
  /** of registry/listSourceTypes */
  sourceType: string;
  /** of the source, for messages */
  name?: string;
  /** as the type's optionsSchema says, secrets in clear */
  options?: unknown;
}

export interface OpenResult {
  /** names the open source until source/close */
  session: string;
}

export interface ReadParams {
  session: string;
  /** of the first read: go on after the page that carried it; absent: from the beginning */
  state?: unknown;
  /** how many records to answer with at most; absent or 0: 1000 */
  maxRecords?: number;
}

export interface ReadResult {
  /** to be stored and then acknowledged with source/ack */
  pages: UserData[];
  /** to go on from, once these pages are stored */
  state?: unknown;
  /** nothing more comes; the next read begins another reading */
  done: boolean;
  /** all pages together are all that the system has of the types they speak of */
  complete?: boolean;
  /** what is not in it may be there all the same: it is asked for with source/lookup before it is taken for gone */
  confirm?: boolean;
  /** how many records of each type that was */
  counts?: Record<string, number>;
  /** records that do not exist any more */
  gone?: Ref[];
  /** records of which cannot be seen whether they exist */
  hidden?: Ref[];
  /** what could not be read, and why */
  warnings?: string[];
}

/** The name of a record of a source. */
export interface Ref {
  dataType: DataType;
  uid: string;
}

export interface SessionParams {
  session: string;
}

export interface LookupParams {
  session: string;
  /** the records to read */
  refs: Ref[];
}

export interface LookupResult {
  found: UserData[];
  gone: Ref[];
  hidden: Ref[];
}

export interface WebhookParams {
  /** an open source: the events come back */
  session?: string;
  /** the name of a source that Roster has: it keeps the events and acts on them */
  source?: string;
  method: string;
  /** as it was sent, without the question mark */
  query?: string;
  headers?: Record<string, string>;
  /** as text; with bodyEncoding base64, so encoded */
  body?: string;
  /** base64, or absent */
  bodyEncoding?: string;
}

export interface WebhookResult {
  status: number;
  headers: Record<string, string>;
  body: string;
  bodyEncoding?: string;
  /** what changed; already kept where the params named a source */
  events: Event[];
}

/** Something about a record may have changed; what it is now is read from the system. */
export interface Event {
  dataType?: DataType;
  uid?: string;
  /** the uid it had before: it was renamed */
  was?: string;
  /** it does not exist any more */
  gone?: boolean;
  /** read everything soon; dataType, uid, was and gone are absent */
  all?: boolean;
  /** the message that it is from, where a system may send one twice: of events that are the same, key and all, one is kept in ten minutes */
  key?: string;
}

export interface TasksParams {
  /** only runs of this source */
  source?: string;
  /** only runs older than this id, for the next page */
  before?: string;
  /** 1 to 200; 20 when absent */
  limit?: number;
}

export interface TasksResult {
  tasks: Task[];
}

export interface GetTaskParams {
  /** of the run */
  taskId?: string;
  /** instead: the id of a row of userDataSyncTasks, of whose runs the newest is given */
  task?: string;
}

export interface ItemsParams {
  taskId: string;
  /** only what failed */
  failed?: boolean;
  /** the id of the last item of the page before */
  after?: string;
  /** 1 to 1000; 100 when absent */
  limit?: number;
}

export interface ItemsResult {
  items: Item[];
}

export interface RecordParams {
  /** whose record */
  sourceName: string;
  /** user or department */
  dataType: DataType;
  uid: string;
}

export interface RecordResult {
  record: StoredRecord;
}

/** A record as it was last received. */
export interface StoredRecord {
  id: string;
  sourceName: string;
  uid: string;
  dataType: DataType;
  metaData: unknown;
  lastMetaData: unknown;
  resources: Link[];
  createdAt: string;
  updatedAt: string;
}

export interface CancelParams {
  /** of the request */
  id: string | number;
}

export interface ResolveParams {
  /** of the source */
  name: string;
}

export interface ResolveResult {
  /** as the type's optionsSchema says, and sync; secrets in clear */
  options: unknown;
}

export interface ProgressParams {
  /** the request's progressToken */
  token: string | number;
  value: Progress;
}

/** How far a run has come. */
export interface Progress {
  state: State;
  type?: DataType;
  done: number;
  /** 0 while it is not known */
  total: number;
}

export interface TaskUpdatedParams {
  task: Task;
  progress: Progress;
}

export interface RegistryChangedParams {
  /** of the source type or target that came or went */
  name: string;
}

export interface ChangedParams {
  /** users or departments */
  target: string;
  /** of rows that are no more as they were, up to 1000 in ascending order; absent: any row of the target may be */
  ids?: string[];
}

/** What an error means to a program. */
export interface ErrorData {
  /** the class of the error: what a caller can act on */
  kind: ErrorKind;
  /** whether the same again may succeed */
  retryable: boolean;
  /** how long to wait before that */
  retryAfterMs?: number;
  /** which member or field, as a JSON pointer or a field's name */
  path?: string;
  /** which record */
  recordUid?: string;
  /** what to do next */
  hint?: string;
}
