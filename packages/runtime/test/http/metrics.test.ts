import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { createHealth } from '../../src/http/health.ts';
import type { Listener } from '../../src/http/listener.ts';
import { createMetrics, type ServerMetrics } from '../../src/http/metrics.ts';
import { createMetricsListener } from '../../src/http/metrics-listener.ts';
import { dial, get } from './listening.ts';

const GAUGES = {
  live: () => 3,
  connections: () => 7,
  storeHealthy: () => true,
  configHealthy: () => false,
};

/** What a collector sees: the value of each sample by its name and labels. */
function samplesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const [, name = '', value = ''] = /^([a-z_]+(?:\{[^{}]*\})?) (\S+)$/.exec(line) ?? [];
      expect(name).not.toBe('');
      return [name, Number(value)];
    }),
  );
}

describe('what is counted', () => {
  test('answers by class, refusals by code, times in buckets that add up', () => {
    const metrics = createMetrics(GAUGES);
    for (const ms of [1, 4, 30, 30, 700, 60_000]) metrics.answered(200, ms);
    metrics.answered(429, 1);
    metrics.refused('http.rate');
    metrics.refused('auth.invalid');
    metrics.limited();
    metrics.dropped('address_full');
    metrics.reloaded('--keys', true);
    metrics.reloaded('--keys', false);
    const samples = samplesOf(metrics.text());
    const of = (name: string): number | undefined => samples.get(`secure_mcp_${name}`);
    expect(of('http_requests_total{status="2xx"}')).toBe(6);
    expect(of('http_requests_total{status="4xx"}')).toBe(1);
    expect(of('http_refusals_total{code="auth.invalid"}')).toBe(1);
    expect(of('rate_limit_hits_total')).toBe(2);
    expect(of('http_connections_dropped_total{reason="address_full"}')).toBe(1);
    expect(of('config_reloads_total{what="--keys",outcome="failed"}')).toBe(1);
    expect(of('http_request_duration_seconds_bucket{le="0.005"}')).toBe(3);
    expect(of('http_request_duration_seconds_bucket{le="0.05"}')).toBe(5);
    expect(of('http_request_duration_seconds_bucket{le="10"}')).toBe(6);
    expect(of('http_request_duration_seconds_bucket{le="+Inf"}')).toBe(7);
    expect(of('http_request_duration_seconds_count')).toBe(7);
    expect(of('http_request_duration_seconds_sum')).toBeCloseTo(60.766);
    expect(of('http_requests_live')).toBe(3);
    expect(of('http_connections')).toBe(7);
    expect(of('store_healthy')).toBe(1);
    expect(of('config_healthy')).toBe(0);
    expect(samples.get('process_resident_memory_bytes')).toBeGreaterThan(1e6);
  });

  test('labels that nobody has foreseen grow nothing and break nothing', () => {
    const metrics = createMetrics(GAUGES);
    for (let index = 0; index < 10_000; index += 1) {
      metrics.refused(`code"} 1\nevil ${String(index)}`);
      metrics.answered(100 + index, 1);
      metrics.reloaded(`--${String(index)}`, true);
    }
    const text = metrics.text();
    const samples = samplesOf(text);
    expect(samples.size).toBeLessThan(120);
    expect(text).not.toContain('evil');
    expect(samples.get('secure_mcp_http_refusals_total{code="other"}')).toBe(10_000);
  });
});

describe('where it is read', () => {
  let listener: Listener;
  let metrics: ServerMetrics;
  let port = 0;
  beforeEach(async () => {
    metrics = createMetrics(GAUGES);
    listener = createMetricsListener(metrics.text);
    port = await listener.listen({ host: '127.0.0.1', port: 0 });
  });
  afterEach(() => {
    listener.server.close();
    listener.server.closeAllConnections();
  });

  test('one path, by GET', async () => {
    metrics.answered(200, 1);
    const { status, body, headers } = await get(port, { path: '/metrics' });
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(samplesOf(body).get('secure_mcp_http_requests_total{status="2xx"}')).toBe(1);
    const named = await get(port, {
      path: '/metrics',
      headers: { host: `localhost:${String(port)}` },
    });
    expect(named.status).toBe(200);
  });

  test.each([
    ['another path', '/', {}, 'GET', 404],
    ['a query', '/metrics?a', {}, 'GET', 404],
    ['another method', '/metrics', {}, 'POST', 405],
    ['a host that leads here', '/metrics', { host: 'evil.test' }, 'GET', 403],
    ['a host that leads here, with a port', '/metrics', { host: 'evil.test:PORT' }, 'GET', 403],
    ['a host that looks like ours', '/metrics', { host: '127.0.0.1.evil.test:PORT' }, 'GET', 403],
    ['another port', '/metrics', { host: '127.0.0.1:1' }, 'GET', 403],
    ['a page', '/metrics', { origin: 'null' }, 'GET', 403],
  ])('%s is refused', async (_, path, given, method, status) => {
    const headers = Object.fromEntries(
      Object.entries(given).map(([name, value]) => [name, value.replace('PORT', String(port))]),
    );
    const answer = await get(port, { path, method, headers });
    expect(answer.status).toBe(status);
    expect(answer.body).toBe('');
  });

  test('two hosts are none', async () => {
    const wire = dial(port);
    wire.socket.write(
      `GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:${String(port)}\r\nHost: evil.test\r\n\r\n`,
    );
    const text = await wire.closed;
    expect(text).not.toContain('secure_mcp');
  });
});

describe('health', () => {
  test('is alive as long as it answers, and ready while all is well', () => {
    const store = { healthy: true };
    const config = { healthy: true };
    const health = createHealth([store, config]);
    const ask = (path: string) => {
      const answer = health.documents.get(path)?.();
      return [answer?.status, answer?.body];
    };
    expect(ask('/readyz')).toEqual([200, 'ok\n']);
    store.healthy = false;
    expect(ask('/readyz')).toEqual([503, 'not ready\n']);
    store.healthy = true;
    config.healthy = false;
    expect(ask('/readyz')).toEqual([503, 'not ready\n']);
    config.healthy = true;
    expect(health.ready).toBe(true);
    health.drain();
    expect(ask('/readyz')).toEqual([503, 'not ready\n']);
    expect(ask('/healthz')).toEqual([200, 'ok\n']);
  });
});
