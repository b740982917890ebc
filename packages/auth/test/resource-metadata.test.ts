import { describe, expect, test } from 'vitest';

import { resourceMetadata } from '../src/network.ts';

const options = {
  resource: 'https://files.example/mcp',
  issuers: ['https://as.example'],
  scopes: ['files:read'],
  name: 'Files',
  dpopAlgorithms: ['ES256'],
  certificateBound: true,
};

describe('the metadata of a resource', () => {
  test('is what RFC 9728 wants', () => {
    const { document, url, paths } = resourceMetadata(options);
    expect(url).toBe('https://files.example/.well-known/oauth-protected-resource/mcp');
    expect(paths).toEqual([
      '/.well-known/oauth-protected-resource/mcp',
      '/.well-known/oauth-protected-resource',
    ]);
    expect(document.headers).toEqual({
      'content-type': 'application/json',
      'access-control-allow-origin': '*',
    });
    expect(JSON.parse(document.body)).toEqual({
      resource: 'https://files.example/mcp',
      authorization_servers: ['https://as.example'],
      scopes_supported: ['files:read'],
      bearer_methods_supported: ['header'],
      resource_name: 'Files',
      dpop_signing_alg_values_supported: ['ES256'],
      tls_client_certificate_bound_access_tokens: true,
    });
  });

  test('has one place for a resource without a path', () => {
    const { url, paths } = resourceMetadata({ ...options, resource: 'https://files.example' });
    expect(url).toBe('https://files.example/.well-known/oauth-protected-resource');
    expect(paths).toEqual(['/.well-known/oauth-protected-resource']);
  });

  test('does not speak of DPoP where it is not accepted', () => {
    const { document } = resourceMetadata({ ...options, dpopAlgorithms: [] });
    expect(JSON.parse(document.body)).not.toHaveProperty('dpop_signing_alg_values_supported');
  });

  test.each(['http://files.example/mcp', 'https://files.example/mcp?a=1', 'files'])(
    'refuses %s as a resource',
    (resource) => {
      expect(() => resourceMetadata({ ...options, resource })).toThrow(TypeError);
    },
  );
});
