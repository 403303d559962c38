import { join } from 'node:path';
import { command } from '../domain/hints.js';
import type { Consumer } from './contract.js';

/** Prometheus reads `credentials_file` before each scrape: https://prometheus.io/docs/prometheus/latest/configuration/configuration/ */
export const prometheus: Consumer = {
  programs: ['prometheus'],
  helper: null,
  connect({ account, target, folder }) {
    const url =
      target !== null && /^https?:\/\//.test(target) && URL.canParse(target) ? new URL(target) : null;
    const host = url?.host ?? target ?? 'metrics.example.com';
    const name = [account, ...(target === null ? [] : [host])].join('-').replace(/[^\w.-]/g, '-');
    const file = join(folder, 'tokens', `prometheus-${name}`);
    return {
      changes: [
        { kind: 'token', file },
        {
          kind: 'shown',
          where: 'in prometheus.yml',
          lines: [
            'scrape_configs:',
            `  - job_name: ${name}`,
            `    scheme: ${url?.protocol.replace(':', '') ?? 'https'}`,
            ...(url === null || url.pathname === '/' ? [] : [`    metrics_path: ${url.pathname}`]),
            '    authorization:',
            `      credentials_file: ${JSON.stringify(file)}`,
            '    static_configs:',
            `      - targets: [${JSON.stringify(host)}]`,
          ],
        },
      ],
      notes: [
        'the agent keeps the file fresh while it runs; vault and Prometheus must run as the same user',
        `to start the agent with your session: ${command('agent install')}`,
      ],
    };
  },
};
