import type UserDataSync from '@nocobase/plugin-user-data-sync';
import type { Changed, UserDataResource } from '@nocobase/plugin-user-data-sync';
import type { OriginRecord, Written } from '../../../docs/protocol';
import type { Connection } from './connection';
import { Refusal } from './connection';

/** NocoBase's own resources, which Roster writes itself. */
const written = ['users', 'departments'];

/** Answers for the resources that other plugins have registered: they are called as NocoBase would call them. */
export function serveResources(roster: Connection, sync: UserDataSync): void {
  const find = (name: string): UserDataResource => {
    const found = sync.resourceManager.resources.nodes.find((resource) => resource.name === name);
    if (!found) throw new Refusal(`there is no resource ${name}`, { kind: 'not-found' });
    return found;
  };
  roster.serve('target/create', async (p) => rows(await find(p.target).create(record(p.record), p.matchKey)));
  roster.serve('target/update', async (p) => rows(await find(p.target).update(record(p.record), p.resourcePks, p.matchKey)));
}

/** Tells Roster of these resources, in NocoBase's order. */
export async function registerResources(roster: Connection, sync: UserDataSync): Promise<void> {
  const after: string[] = [];
  for (const { name, accepts } of sync.resourceManager.resources.nodes) {
    if (!written.includes(name)) await roster.call('registry/registerTarget', { name, accepts, after: [...after] });
    after.push(name);
  }
}

/** Ids are numbers where NocoBase has it so. */
function record(origin: OriginRecord): object {
  return { ...origin, id: Number(origin.id) };
}

function rows(changed: Changed[] | undefined): Written[] {
  return (changed ?? []).map(({ resourcesPk, isDeleted }) => ({ resourcesPk: String(resourcesPk), ...(isDeleted && { isDeleted }) }));
}
