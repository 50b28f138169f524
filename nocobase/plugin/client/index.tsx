import { observer, useForm } from '@formily/react';
import { Plugin } from '@nocobase/client';
import React from 'react';
import { Options } from '../form/options';
import { forms } from '../form/types';
import { sayWith } from '../form/words';

/** Gives the first client's page of sources a form for each type. */
export default class RosterClient extends Plugin {
  override async load(): Promise<void> {
    const say = sayWith(this.app.i18n);
    for (const { name, schema } of forms()) {
      const AdminSettingsForm = observer(() => {
        const form = useForm();
        return <Options schema={schema} say={say} value={form.values.options} onChange={(value) => form.setValuesIn('options', value)} />;
      });
      this.pm.get('user-data-sync').registerType(name, { components: { AdminSettingsForm } });
    }
  }
}
