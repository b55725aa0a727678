import type { RouteCommand } from '../../proxy/start.ts';
import type { Route } from '../domain/routing.ts';

/** Takes routes from the first moment on, and hands them over once there is a proxy to take them. */
export class RouteSink {
  readonly #early = new Map<string, Route>();
  #send: ((command: RouteCommand) => void) | undefined;

  send(command: RouteCommand): void {
    if (this.#send !== undefined) this.#send(command);
    else if (command.type === 'route') this.#early.set(command.route.sandboxId, command.route);
    else if (command.type === 'remove') this.#early.delete(command.sandboxId);
  }

  connect(send: (command: RouteCommand) => void): void {
    this.#send = send;
    send({ type: 'routes', routes: [...this.#early.values()] });
    this.#early.clear();
  }
}
