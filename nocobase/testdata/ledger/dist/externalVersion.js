module.exports = { '@nocobase/server': '2.2.15' };
