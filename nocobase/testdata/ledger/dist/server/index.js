const { appendFileSync } = require('node:fs');
const { Plugin } = require('@nocobase/server');
const { storagePathJoin } = require('@nocobase/utils');
const { UserDataResource } = require('@nocobase/plugin-user-data-sync');

class Ledger extends UserDataResource {
  name = 'ledger';
  accepts = ['user'];

  async create(record) {
    return this.note('create', record, [{ resourcesPk: `row-${record.sourceUk}`, isDeleted: false }]);
  }

  async update(record, resourcePks) {
    return this.note(`update ${resourcePks}`, record, []);
  }

  note(op, { sourceName, sourceUk, metaData }, rows) {
    appendFileSync(storagePathJoin('ledger'), `${op} ${sourceName} ${sourceUk} ${metaData.nickname}\n`);
    return rows;
  }
}

exports.__esModule = true;
exports.default = class extends Plugin {
  async load() {
    const { resourceManager } = this.app.pm.get('user-data-sync');
    resourceManager.registerResource(new Ledger(this.db, this.app.logger), { after: 'users' });
  }
};
