// What this plugin uses of NocoBase 2.2, whose packages come without types here.

declare module '@nocobase/server' {
  /** A plugin of the server: load is called in every process, also of commands, and again at every reload. */
  export class Plugin {
    app: Application;
    name: string;
    createLogger(options: { dirname: string; filename: string; format: string }): Logger;
    load(): Promise<void>;
    beforeDisable(): Promise<void>;
  }

  export interface Application {
    name: string;
    db: Database;
    cache: Cache;
    pm: { get(name: string): unknown };
    acl: unknown;
    environment: { getVariables(): Record<string, unknown>; renderJsonTemplate<T>(template: T): T };
    aesEncryptor: { encrypt(text: string): Promise<string>; decrypt(text: string): Promise<string> };
    resourceManager: {
      use(middleware: Middleware, options?: object): void;
      registerPreActionHandler(action: string, handler: Middleware): void;
    };
    use(middleware: Middleware, options?: object): void;
    on(event: string, listener: () => unknown): void;
    serving?(): boolean;
  }

  export interface Cache {
    keys(): Promise<string[]>;
    mdel(...keys: string[]): Promise<void>;
  }

  export interface Logger {
    log(level: string, message: string, meta?: object): void;
  }

  /** Koa's context, with what NocoBase adds. */
  export interface Context {
    app: Application;
    req: import('node:http').IncomingMessage;
    method: string;
    path: string;
    querystring: string;
    status: number;
    body: any;
    action?: { resourceName: string; actionName: string; params: Record<string, any> };
    state: { currentUser?: { id: number } };
    set(name: string, value: string): void;
    throw(status: number, message: string): never;
  }

  export type Middleware = (ctx: Context, next: () => Promise<void>) => Promise<void>;

  export interface Database {
    options: DatabaseOptions;
    collections: Map<string, unknown>;
    referenceMap: { map: Map<string, Reference[]> };
    getCollection(name: string): Collection | undefined;
    getModel(name: string): { update(values: object, options: object): Promise<unknown> };
    getRepository(name: string): { find(options: object): Promise<Model[]> };
    on(event: string, listener: (model: Model) => Promise<void>): void;
  }

  export interface DatabaseOptions {
    dialect: string;
    host?: string;
    port?: string | number;
    database?: string;
    username?: string;
    password?: string;
    schema?: string;
    tablePrefix?: string;
    underscored?: boolean;
    dialectOptions?: { ssl?: boolean | TLS };
  }

  export interface TLS {
    mode?: string;
    ca?: string;
    cert?: string;
    key?: string;
    rejectUnauthorized?: boolean;
  }

  export interface Collection {
    model: { rawAttributes: Record<string, { field?: string }> };
    quotedTableName(): string;
    isView?(): boolean;
  }

  export interface Reference {
    sourceCollectionName: string;
    sourceField: string;
    targetCollectionName: string;
    targetField: string;
    onDelete: string;
  }

  export interface Model {
    get(field: string): any;
    set(field: string, value: unknown): void;
    previous(field: string): any;
  }
}

declare module '@nocobase/utils' {
  /** A path in NocoBase's storage. */
  export function storagePathJoin(...steps: string[]): string;
}

declare module '@nocobase/plugin-user-data-sync' {
  import type { Context } from '@nocobase/server';

  export interface Task {
    id: number;
    batch: string;
  }

  /** One click on Sync or Retry. */
  export abstract class SyncSource {
    instance: { id: number; name: string; sourceType: string };
    protected options: object;
    protected ctx: Context;
    constructor(config: { sourceInstance: object; options: object; ctx: Context });
    abstract pull(): Promise<unknown[]>;
    newTask(): Promise<Task>;
    beginTask(id: number): Promise<void>;
    endTask(end: { taskId: number; success: boolean; cost?: number; message?: string }): Promise<void>;
    retryTask(id: number): Promise<Task>;
  }

  /** A resource that records are written to. */
  export interface UserDataResource {
    name: string;
    accepts: string[];
    create(record: object, matchKey?: string): Promise<Changed[] | undefined>;
    update(record: object, resourcePks: string[], matchKey?: string): Promise<Changed[] | undefined>;
  }

  export interface Changed {
    resourcesPk: string | number;
    isDeleted?: boolean;
  }

  /** The plugin user-data-sync. */
  export default interface UserDataSync {
    sourceManager: {
      registerType(name: string, type: { syncSource: new (config: any) => SyncSource; title: string }): void;
    };
    resourceManager: { resources: { nodes: UserDataResource[] } };
  }
}
