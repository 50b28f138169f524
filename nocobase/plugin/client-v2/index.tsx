import { Plugin } from '@nocobase/client-v2';
import { Form } from 'antd';
import React from 'react';
import { Options } from '../form/options';
import { forms } from '../form/types';
import { sayWith } from '../form/words';

/** Gives the second client's page of sources a form for each type. */
export default class RosterClient extends Plugin {
  override async load(): Promise<void> {
    const say = sayWith(this.app.i18n);
    for (const { name, schema } of forms()) {
      const AdminSettingsForm = () => (
        <Form.Item name="options" noStyle>
          <Options schema={schema} say={say} />
        </Form.Item>
      );
      const AdminSettingsFormLoader = async () => ({ default: AdminSettingsForm });
      this.app.pm.get('user-data-sync').registerType(name, { components: { AdminSettingsFormLoader } });
    }
  }
}
