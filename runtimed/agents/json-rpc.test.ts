import { expect, test } from 'vitest';
import { RpcPeer } from './json-rpc.ts';

function conversation() {
  const sent: unknown[] = [];
  const noticed: unknown[] = [];
  const peer = new RpcPeer((line) => sent.push(JSON.parse(line)), {
    answer: (method, params) => (method === 'add' ? { sum: Number(params['a']) + 1 } : undefined),
    notice: (method, params) => noticed.push([method, params]),
  });
  return { peer, sent, noticed };
}

test('an answer goes to its question, whatever the order', async () => {
  const { peer, sent } = conversation();
  const first = peer.request('first', { a: 1 });
  const second = peer.request('second', {});
  peer.receive('{"jsonrpc":"2.0","id":2,"result":{"n":2}}');
  peer.receive('{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"No such thing."}}');
  expect(await second).toEqual({ n: 2 });
  await expect(first).rejects.toThrow('No such thing.');
  expect(sent).toEqual([
    { jsonrpc: '2.0', id: 1, method: 'first', params: { a: 1 } },
    { jsonrpc: '2.0', id: 2, method: 'second', params: {} },
  ]);
});

test('what the other side asks is answered with the id it gave, what it tells is not', () => {
  const { peer, sent, noticed } = conversation();
  peer.receive('{"jsonrpc":"2.0","id":"x","method":"add","params":{"a":1}}');
  peer.receive('{"jsonrpc":"2.0","id":7,"method":"subtract"}');
  peer.receive('{"jsonrpc":"2.0","method":"told","params":{"b":2}}');
  expect(sent).toEqual([
    { jsonrpc: '2.0', id: 'x', result: { sum: 2 } },
    { jsonrpc: '2.0', id: 7, error: { code: -32_601, message: 'Method not found: subtract' } },
  ]);
  expect(noticed).toEqual([['told', { b: 2 }]]);
});

test('answers nobody waits for are dropped', () => {
  const { peer, sent } = conversation();
  for (const line of ['{"id":1,"result":{}}', '{"id":"1","result":{}}', '{"id":null,"error":{}}', '7', '{']) {
    peer.receive(line);
  }
  expect(sent).toEqual([]);
});

test('nobody is left waiting when the other side has gone', async () => {
  const { peer } = conversation();
  const asked = peer.request('first', {});
  peer.close('It has gone.');
  await expect(asked).rejects.toThrow('It has gone.');
  await expect(peer.request('second', {})).rejects.toThrow('It has gone.');
});
