import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { fileRoutes } from '../../runtimed/control/file-routes.ts';
import { ControlServer } from '../../runtimed/control/server.ts';
import { Workspace } from '../../runtimed/files/workspace.ts';
import { collecting, prepareMachine } from '../../runtimed/testing/sandbox.ts';
import { connectRuntime } from '../../src/adapters/runtimed/connect.ts';
import { filesContract } from '../contracts/files.contract.ts';

filesContract('a running sandbox, over its control socket,', async () => {
  const machine = await prepareMachine();
  await mkdir(machine.app, { recursive: true });
  const { controlDirectory } = machine.options;
  const routes = fileRoutes(new Workspace(machine.home, randomUUID));
  const server = await ControlServer.listen(controlDirectory, routes, collecting([]));
  const runtime = connectRuntime(controlDirectory);
  return {
    files: runtime.files,
    home: machine.home,
    async [Symbol.asyncDispose]() {
      for (const part of [runtime, server, machine]) await part[Symbol.asyncDispose]();
    },
  };
});
