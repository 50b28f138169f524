// Draws the forms of both clients without a browser, and enters something: forms.mjs DIST

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';

/** Components of antd are their names; ours are called. */
const component = (name) => new Proxy({ name }, { get: (its, part) => its[part] ?? component(`${name}.${String(part)}`) });
const antd = new Proxy({}, { get: (_, name) => component(String(name)) });
const React = {
  Fragment: { name: 'Fragment' },
  useState: (first) => [typeof first === 'function' ? first() : first, () => {}],
  createElement: (type, props, ...children) =>
    typeof type === 'function' ? type({ ...props, children }) : { type: type.name, props: props ?? {}, children: children.flat(Infinity).filter(Boolean) },
};
React.default = React;

class Plugin {
  forms = {};
  pm = { get: () => ({ registerType: (name, { components }) => (this.forms[name] = components) }) };
  app = { i18n: { t: (text) => text }, pm: this.pm };
}

/** Loads a client and gives the forms that it has registered. */
async function formsOf(file, form) {
  const provided = {
    react: React,
    antd,
    '@formily/react': { observer: (f) => f, useForm: () => form },
    '@nocobase/client': { Plugin },
    '@nocobase/client-v2': { Plugin },
  };
  let exports;
  const define = (_, wanted, f) => (exports = f((name) => provided[name] ?? assert.fail(`wants ${name}`), {}, { exports: {} }) ?? exports);
  runInNewContext(readFileSync(file, 'utf8'), { define });
  const plugin = new exports.default();
  await plugin.load();
  return plugin.forms;
}

/** The input in what stands around it, with its button. */
const inner = (node) => (node.type === 'Space.Compact' ? { ...node.children[0], button: node.children[1] } : node);

/** The inputs of a form, with the title and the group of each. */
function inputs(node, group = '') {
  if (node.type === 'Form.Item' && node.props.label) return [{ title: `${group}${node.props.label}`, ...inner(node.children[0]) }];
  const within = node.type === 'Card' ? `${group}${node.props.title}/` : group;
  return (node.children ?? []).flatMap((child) => inputs(child, within));
}

const dist = process.argv[2];
const form = { values: { options: {} }, setValuesIn: (_, value) => (form.values.options = value) };
const first = await formsOf(`${dist}/client/index.js`, form);
const draw = () => Object.fromEntries(inputs(first['http-pull'].AdminSettingsForm({})).map((input) => [input.title, input]));
const type = (title, value) => draw()[title].props.onChange({ target: { value } });
const options = () => JSON.parse(JSON.stringify(form.values.options));

form.values.options = { auth: { type: 'bearer', token: '******' }, sync: { drift: 'keep' } };
assert.deepEqual([draw()['Sign in/Token'].type, draw()['Sign in/Token'].props.value, draw()['Sign in/Token'].props.placeholder], ['Input.Password', '', 'is set']);
type('Sign in/Token', 'new');
type('Users/Address', 'https://hr.example.com/users');
draw()['Users/Paging/Kind of paging'].props.onChange('page');
draw()['Users/Paging/First page'].props.onChange(0);
assert.deepEqual(options(), {
  auth: { type: 'bearer', token: 'new' },
  sync: { drift: 'keep' },
  users: { url: 'https://hr.example.com/users', paging: { type: 'page', first: 0 } },
});
type('Users/Address', '');
draw()['Users/Paging/Kind of paging'].props.onChange(undefined);
draw()['Users/Paging/First page'].props.onChange(null);
assert.equal(options().users, null, 'a group in which nothing is said is not there');
assert.equal(draw()['Users/Records'].props.placeholder, 'data.items');

form.values.options = { auth: { type: 'bearer', token: '******' } };
draw()['Sign in/Token'].button.props.onClick();
assert.deepEqual(options(), { auth: { type: 'bearer', token: '' } }, 'a secret that is removed is empty: null leaves it');

const wecom = () => Object.fromEntries(inputs(first.wecom.AdminSettingsForm({})).map((input) => [input.title, input]));
form.values.options = { agentId: 1000002, secret: '******', includeDepartments: [2] };
assert.deepEqual([wecom().AgentId.type, wecom().AgentId.props.value], ['Input', 1000002]);
assert.deepEqual([wecom()['Only these departments'].type, wecom()['Only these departments'].props.value], ['Select', ['2']]);
assert.ok(!wecom().Secret.button, 'a secret that is required is replaced and not removed');

const chinese = JSON.parse(readFileSync(`${dist}/locale/zh-CN.json`, 'utf8'));
for (const input of [...Object.values(wecom()), ...Object.values(draw())]) {
  for (const title of input.title.split('/')) assert.ok(chinese[title], `there is no Chinese for ${title}`);
}

const second = await formsOf(`${dist}/client-v2/index.js`);
const { default: Form } = await second['http-pull'].AdminSettingsFormLoader();
assert.deepEqual(inputs(Form({})).map((input) => input.title), Object.keys(draw()));
assert.deepEqual(Object.keys(second), Object.keys(first));
