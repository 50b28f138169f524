import type { Database, TLS } from '@nocobase/server';
import type { Config, Reference } from '../../../docs/protocol';

/** Says whether Roster can write to the database; where not, pushes stay with NocoBase's own engine. */
export function direct(db: Database): boolean {
  return db.options.dialect === 'postgres';
}

/** What Roster is told of NocoBase's database. It holds the password, and goes over standard input only. */
export function config(db: Database, logsDir: string): Config {
  const { schema, tablePrefix, underscored } = db.options;
  return {
    db: address(db),
    schema: schema || 'public',
    tablePrefix: tablePrefix ?? '',
    underscored: Boolean(underscored),
    apply: 'direct',
    logsDir,
    references: references(db),
  };
}

function address({ options }: Database): string {
  const { username = '', password = '', host = 'localhost', port = 5432, database = '', dialectOptions } = options;
  const query = new URLSearchParams({ application_name: 'roster', ...tls(dialectOptions?.ssl) });
  const at = host.startsWith('/') ? '' : `${host.includes(':') ? `[${host}]` : host}:${port}`;
  if (!at) {
    query.set('host', host); // the folder of a socket
    query.set('port', String(port));
  }
  const who = [username, password].map(encodeURIComponent).join(':');
  return `postgres://${who}@${at}/${encodeURIComponent(database)}?${query}`;
}

/** NocoBase's settings of TLS, in PostgreSQL's words. */
function tls(ssl?: boolean | TLS): Record<string, string> {
  if (!ssl) return { sslmode: 'disable' };
  const { mode, ca, cert, key, rejectUnauthorized } = ssl === true ? ({} as TLS) : ssl;
  const texts = { ...(ca && { sslrootcert: ca }), ...(cert && { sslcert: cert }), ...(key && { sslkey: key }) };
  const inline: Record<string, string> = Object.keys(texts).length > 0 ? { sslinline: 'true' } : {};
  return { sslmode: mode ?? (rejectUnauthorized === false ? 'require' : 'verify-full'), ...inline, ...texts };
}

/** What becomes of rows that refer to one that goes, for all plugins, as the database calls them. */
function references(db: Database): Reference[] {
  const found: Reference[] = [];
  for (const reference of [...db.referenceMap.map.values()].flat()) {
    const from = db.getCollection(reference.sourceCollectionName);
    const to = db.getCollection(reference.targetCollectionName);
    if (!from || !to || from.isView?.()) continue;
    found.push({
      table: from.quotedTableName(),
      column: from.model.rawAttributes[reference.sourceField]?.field ?? reference.sourceField,
      target: to.quotedTableName(),
      targetColumn: to.model.rawAttributes[reference.targetField]?.field ?? reference.targetField,
      onDelete: (reference.onDelete || 'NO ACTION').toUpperCase(),
    });
  }
  return found;
}
