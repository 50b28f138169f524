define('@nocobase-roster/plugin-ledger', ['@nocobase/client'], function (client) {
  return { __esModule: true, default: class extends client.Plugin {} };
});
