import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorAnswer } from './status.js';
import type { ListenerOptions } from './transport.js';
import { sendAnswer } from './transports/node-carried.js';
import { NodeListener } from './transports/node-listener.js';

/** What is served: a page, written anew for whoever asks. */
export interface MetricsContent {
  readonly contentType: string;
  read(): Promise<string>;
}

/** The port of metrics: one page at `/metrics`, nothing elsewhere, as in Triton. */
export class MetricsFrontEnd {
  readonly #content: MetricsContent;
  readonly #listener: NodeListener;

  constructor(content: MetricsContent, options: ListenerOptions) {
    this.#content = content;
    this.#listener = new NodeListener(options, (request, response) => void this.#serve(request, response));
  }

  /** Starts to listen; the result is the port. */
  listen(): Promise<number> {
    return this.#listener.listen();
  }

  close(): void {
    this.#listener.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    const [path = ''] = (request.url ?? '').split('?');
    if (path !== '/metrics' && path !== '/metrics/') {
      sendAnswer(response, { status: 200 });
    } else if (request.method !== 'GET') {
      sendAnswer(response, errorAnswer(405, 'Method Not Allowed'));
    } else {
      await this.#answer(response);
    }
  }

  async #answer(response: ServerResponse): Promise<void> {
    try {
      const body = await this.#content.read();
      sendAnswer(response, { status: 200, headers: { 'content-type': this.#content.contentType }, body });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      sendAnswer(response, errorAnswer(500, `the metrics could not be read: ${reason}`));
    }
  }
}
