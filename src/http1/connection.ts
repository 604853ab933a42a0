import type { Socket } from 'node:net';
import type { BlockPool } from '../sockets/block-pool.js';
import type { SocketReader } from '../sockets/socket-reads.js';
import type { AnswerHead, Framing, HeadWriter } from './answer-head.js';
import { Exchange, type ExchangeOwner, type WholeAnswer } from './exchange.js';
import { GatheredBytes } from './gathered-bytes.js';
import { HeadReader, type SharedHead } from './head-reader.js';
import type { Limits } from './limits.js';
import { Output } from './output.js';
import { Malformed, type RequestHead } from './request-head.js';
import { Watch, type Stage } from './watch.js';

/** What the connections of a server share. */
export interface ConnectionShare {
  readonly limits: Limits;
  readonly blocks: BlockPool;
  readonly heads: HeadWriter;
  readonly sharedHead: SharedHead;
  /** Whether no connection is kept for a next request. */
  draining: boolean;
  /** Requests that were not answered yet. */
  busyCount: number;
  onRequest(exchange: Exchange): void;
  /** The answer to what is no request. */
  refuse(malformed: Malformed): WholeAnswer;
}

/** What is kept of bytes that came too early, before nothing more is read. */
const heldBytesMax = 64 * 1024;

/**
 * RFC 9112 §9: one connection, and its requests one after the other. Bytes of the next one that come before an answer was
 * sent wait, and so do those of a body that nobody has asked for; when they are many nothing more is read.
 */
export class Connection implements SocketReader, ExchangeOwner {
  readonly #socket: Socket;
  readonly #share: ConnectionShare;
  readonly #output: Output;
  readonly #heads: HeadReader;
  readonly #held = new GatheredBytes();
  readonly #watch: Watch;
  #exchange: Exchange | undefined = undefined;
  #requestCount = 0;
  /** Whether held bytes will be looked at in the next turn. */
  #queued = false;
  /** What the answer in parts that is under way has said of the connection. */
  #said: Framing['connection'] = 'unsaid';
  /** Whether the client sends no more. */
  #halfClosed = false;
  #ending = false;

  constructor(socket: Socket, share: ConnectionShare, nowMs: number) {
    this.#socket = socket;
    this.#share = share;
    this.#output = new Output(socket, share.blocks);
    this.#heads = new HeadReader(share.limits.headBytesMax, share.sharedHead);
    this.#watch = new Watch(share.limits, nowMs);
  }

  get peer(): ExchangeOwner['peer'] {
    const { remoteAddress: host = 'gone', remotePort: port = 0 } = this.#socket;
    return { host, port };
  }

  read(buffer: Buffer, count: number): void {
    if (this.#ending) return;
    if (this.#held.byteLength > 0) this.#hold(buffer, 0, count);
    else this.#consume(buffer, count);
  }

  wanted(exchange: Exchange): void {
    if (exchange.head.expectsContinue && !exchange.continued && exchange.bodyBytes === 0) {
      exchange.continued = true;
      if (this.#held.byteLength === 0) this.#output.say('HTTP/1.1 100 Continue\r\n\r\n');
    }
    this.#queueHeld();
  }

  send(exchange: Exchange, { status, headers, pieces }: WholeAnswer, onSent?: () => void): void {
    exchange.answer = 'sending';
    let bytes = 0;
    for (const { byteLength } of pieces) bytes += byteLength;
    const connection = this.#afterwards(exchange, headers?.['connection']);
    const head = this.#share.heads.write({ status, headers }, { body: bytes, connection });
    this.#output.send(head, exchange.head.method === 'HEAD' ? [] : pieces, () => {
      onSent?.();
      this.#answered(exchange, connection);
    });
  }

  begin(exchange: Exchange, head: AnswerHead): void {
    exchange.answer = 'streaming';
    exchange.coded = exchange.head.minor === 1;
    const connection = exchange.coded ? this.#afterwards(exchange, head.headers?.['connection']) : 'close';
    this.#said = connection;
    const body = exchange.coded ? 'chunked' : 'close';
    this.#output.write(Buffer.from(this.#share.heads.write(head, { body, connection }), 'latin1'));
  }

  write(exchange: Exchange, part: Uint8Array): boolean {
    if (!exchange.coded) return this.#output.write(part);
    this.#output.write(`${part.byteLength.toString(16)}\r\n`);
    this.#output.write(part);
    return this.#output.write('\r\n');
  }

  drained(): Promise<void> {
    const socket = this.#socket;
    return new Promise((resolve) => {
      const done = (): void => {
        socket.off('drain', done).off('close', done);
        resolve();
      };
      if (socket.destroyed || !socket.writableNeedDrain) resolve();
      else socket.on('drain', done).on('close', done);
    });
  }

  end(exchange: Exchange): void {
    if (exchange.coded) this.#output.write('0\r\n\r\n');
    this.#answered(exchange, this.#said);
  }

  cut(): void {
    this.#socket.destroy();
  }

  /** The client sends no more: as far as one can know it has gone away. An answer that is on its way is sent to its end. */
  ended(): void {
    this.#halfClosed = true;
    if (this.#exchange?.answer === 'sending') return;
    this.#leave();
    this.#end();
  }

  /** The socket is gone. */
  closed(): void {
    this.#ending = true;
    this.#leave();
    this.#output.close();
  }

  /** Ends behind the request that is under way, or at once. */
  drain(): void {
    if (this.#exchange === undefined && !this.#heads.begun) this.#end();
  }

  /** Looks whether something stands still. */
  look(nowMs: number): void {
    const stage = this.#stage();
    if (!this.#watch.isOver(stage, this.#markOf(stage), nowMs)) return;
    if (stage === 'head') this.#refuse(new Malformed(408, 'the headers of the request took too long'));
    else if (stage === 'idle' || stage === 'fresh') this.#end();
    else this.cut();
  }

  #consume(bytes: Buffer, end: number): void {
    let at = 0;
    try {
      while (at < end && !this.#ending) {
        const exchange = this.#exchange;
        if (exchange === undefined) {
          at = this.#readHead(bytes, at, end);
        } else if (exchange.takesBody) {
          at = exchange.read(bytes, at, end);
          this.#settle(exchange);
        } else {
          this.#hold(bytes, at, end);
          break;
        }
      }
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.#refuse(error);
    }
  }

  #readHead(bytes: Buffer, at: number, end: number): number {
    const head = this.#heads.read(bytes, at, end);
    const behind = at + this.#heads.taken;
    if (head !== undefined) this.#begin(head);
    return behind;
  }

  #begin(head: RequestHead): void {
    const exchange = new Exchange(head, this);
    this.#exchange = exchange;
    this.#requestCount++;
    this.#share.busyCount++;
    this.#share.onRequest(exchange);
  }

  #hold(bytes: Buffer, from: number, end: number): void {
    this.#held.append(bytes, from, end);
    if (this.#held.byteLength >= heldBytesMax) this.#socket.pause();
  }

  #queueHeld(): void {
    if (this.#queued || this.#held.byteLength === 0) return;
    this.#queued = true;
    setImmediate(this.#takeHeld);
  }

  readonly #takeHeld = (): void => {
    this.#queued = false;
    if (this.#ending) return;
    const { bytes, byteLength } = this.#held;
    this.#held.clear();
    this.#consume(bytes, byteLength);
    if (this.#held.byteLength < heldBytesMax && this.#socket.isPaused()) this.#socket.resume();
  };

  /** What an answer says of the connection. Who was not told to send a body may send it or not: nobody can tell. */
  #afterwards({ head, continued, bodyBytes }: Exchange, asked: string | undefined): Framing['connection'] {
    const unclear = head.expectsContinue && !continued && bodyBytes === 0 && head.bodyBytes !== 0;
    if (!head.persistent || this.#share.draining || asked === 'close' || unclear) return 'close';
    return head.asksToPersist ? 'keep-alive' : 'unsaid';
  }

  #answered(exchange: Exchange, connection: Framing['connection']): void {
    if (exchange.answer === 'ended') return;
    exchange.answer = 'ended';
    this.#share.busyCount--;
    if (this.#ending) return;
    if (connection === 'close' || this.#share.draining || this.#halfClosed) {
      this.#end();
    } else {
      this.#settle(exchange);
      this.#queueHeld();
    }
  }

  #settle(exchange: Exchange): void {
    if (exchange.answer === 'ended' && exchange.bodyEnded) this.#exchange = undefined;
  }

  /** Answers what is no HTTP, as long as nothing else was answered, and ends the connection. */
  #refuse(malformed: Malformed): void {
    const exchange = this.#exchange;
    if (exchange?.answer === 'ended') return this.#end();
    const begun = exchange !== undefined && exchange.answer !== 'none';
    this.#leave();
    if (begun) return this.cut();
    this.#ending = true;
    const { status, headers, pieces } = this.#share.refuse(malformed);
    let bytes = 0;
    for (const { byteLength } of pieces) bytes += byteLength;
    const head = this.#share.heads.write({ status, headers }, { body: bytes, connection: 'close' });
    this.#output.send(head, pieces, () => this.#socket.end());
  }

  /** The request that is under way will not be answered. */
  #leave(): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    if (exchange === undefined || exchange.answer === 'ended') return;
    if (exchange.answer !== 'sending') {
      exchange.answer = 'ended';
      this.#share.busyCount--;
    }
    exchange.leave();
  }

  /** Ends behind what was written; what still comes is thrown away, so that the client gets it. */
  #end(): void {
    this.#ending = true;
    this.#held.clear();
    if (this.#socket.isPaused()) this.#socket.resume();
    this.#socket.end();
  }

  #stage(): Stage {
    if (this.#output.waits) return 'sending';
    if (this.#ending) return 'ending';
    const exchange = this.#exchange;
    if (exchange === undefined)
      return this.#heads.begun ? 'head' : this.#requestCount === 0 ? 'fresh' : 'idle';
    // A body that is read is watched by its reader, and a request that was received owes nothing.
    return exchange.answer === 'ended' ? 'rest' : 'busy';
  }

  /** What changes when something goes on in a stage. */
  #markOf(stage: Stage): number {
    if (stage === 'sending') return this.#output.takenCount;
    return stage === 'rest' ? (this.#exchange?.bodyBytes ?? 0) : this.#requestCount;
  }
}
