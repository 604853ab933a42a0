import type { Socket } from 'node:net';
import type { ConnectionShare, RequestListener } from './connection-share.js';
import { ControlFrames, type ControlJudge } from './control-frames.js';
import { DataFrames } from './data-frames.js';
import { Departure } from './departure.js';
import { errorCode, frameType } from './frames.js';
import { FrameReader, type FrameSink } from './frame-reader.js';
import { FrameWriter } from './frame-writer.js';
import { HeaderFrames, type RequestTaker } from './header-frames.js';
import { HpackDecoder } from './hpack/decoder.js';
import { Keepalive } from './keepalive.js';
import { Allowance, type LimitName } from './limits.js';
import { Output } from './output.js';
import { ReceiveFlow } from './receive-flow.js';
import type { RequestHead } from './request-head.js';
import { SendFlow } from './send-flow.js';
import { announced } from './settings.js';
import type { Stream } from './stream.js';
import { Streams } from './streams.js';
import { Watch } from './watch.js';

/** §6.5.2: what both sides begin with. */
const headerTableBytes = 4096;
/** What a peer earns by a stream that it opens or a frame that it is sent, in frames that bring nothing. */
const earnedPerStream = 8;
const earnedPerSentFrame = 4;
/** More than the bodies that may be written ahead: the rest is heads and acknowledgements that nobody reads. */
const backlogBytesMost = 8 * 1024 * 1024;
const keepalivePing = Buffer.from('keepaliv');

/**
 * RFC 9113: one connection, from the preface to the end. It passes each frame to who knows its type, and
 * judges mistakes and limits. Invariant: an error of a stream ends that stream; an error of the connection
 * ends all of it with a GOAWAY that says why; every listener hears of its end once.
 */
export class Connection implements FrameSink, ControlJudge, RequestTaker {
  readonly #socket: Socket;
  readonly #share: ConnectionShare;
  readonly #listener: RequestListener;
  readonly #output: Output;
  readonly #writer: FrameWriter;
  readonly #send: SendFlow;
  readonly #receive: ReceiveFlow;
  readonly #streams: Streams;
  readonly #departure: Departure;
  readonly #reader = new FrameReader(this);
  readonly #control: ControlFrames;
  readonly #data: DataFrames;
  readonly #headers: HeaderFrames;
  readonly #keepalive: Keepalive;
  readonly #watch: Watch;
  readonly #resets: Allowance;
  readonly #idleFrames: Allowance;
  /** The peer's first SETTINGS have come, which must be its first frame. */
  #settled = false;
  #heard = false;
  #earnedFrameCount = 0;

  constructor(socket: Socket, share: ConnectionShare, listener: RequestListener) {
    const { limits, nowMs } = share;
    this.#socket = socket;
    this.#share = share;
    this.#listener = listener;
    this.#output = new Output(socket, share.output, () => this.#guarded(() => this.#send.pump()));
    this.#writer = new FrameWriter(this.#output);
    this.#send = new SendFlow(this.#output, {
      ofServer: share.pending,
      most: limits.pendingBytesMax,
      onLimit: () => share.meet('pending-bytes', socket),
    });
    this.#receive = new ReceiveFlow(this.#writer, limits);
    const flows = { writer: this.#writer, send: this.#send, receive: this.#receive };
    this.#streams = new Streams(flows, () => this.#departure.streamsEnded());
    this.#departure = new Departure({ ...flows, streams: this.#streams, output: this.#output }, () =>
      this.#reader.stop(),
    );
    const parts = { ...flows, streams: this.#streams, departure: this.#departure };
    this.#control = new ControlFrames(parts, this);
    this.#data = new DataFrames(this.#streams, this.#receive, this);
    this.#headers = new HeaderFrames(
      { streams: this.#streams, decoder: createDecoder(share), blockBytesMax: 2 * limits.headerListBytesMax },
      { faults: this, taker: this },
    );
    this.#keepalive = new Keepalive(share.keepalive, nowMs());
    this.#watch = new Watch(limits, nowMs());
    this.#resets = new Allowance(limits.resetsPerSecondMax, nowMs());
    this.#idleFrames = new Allowance(limits.idleFramesPerSecondMax, nowMs());
    this.#writer.settings(announced(limits));
    this.#receive.open();
  }

  get streamCount(): number {
    return this.#streams.count;
  }

  /** What came from the socket: the first `count` of the bytes, valid during the call. */
  read(bytes: Buffer, count: number): void {
    this.#heard = true;
    this.#guarded(() => this.#reader.read(bytes, count));
    if (this.#output.backlogBytes > backlogBytesMost && !this.#departure.over) {
      this.cut('pending-bytes', errorCode.enhanceYourCalm);
    }
  }

  /** The socket is gone. */
  closed(): void {
    this.#reader.stop();
    this.#output.close();
    this.#streams.closeAll(errorCode.cancel);
  }

  /** Asks the peer to go; streams that run come to their end. */
  leave(): void {
    // A peer whose preface is under way has our greeting: the goodbye says that nothing it sends was taken.
    if (this.#settled) this.#departure.announce(this.#share.nowMs());
    else this.#departure.breakOff(errorCode.noError, '');
  }

  /** Looks for what stands still; called every so often. */
  look(nowMs: number): void {
    this.#guarded(() => this.#look(nowMs));
  }

  #look(nowMs: number): void {
    if (this.#departure.look(nowMs) === 'destroy') this.#socket.destroy();
    if (this.#departure.over) return;
    const finding = this.#watch.look(this, nowMs);
    if (finding === 'idle-timeout') {
      if (this.#departure.staying) this.#share.meet(finding, this.#socket);
      return this.leave();
    }
    if (finding !== 'nothing') return this.cut(finding, errorCode.noError);
    if (this.#heard) this.#keepalive.heard(nowMs);
    this.#heard = false;
    const step = this.#keepalive.look(nowMs, this.#seen());
    if (step === 'dead') this.cut('keepalive-timeout', errorCode.noError);
    else if (step === 'ping') this.#writer.ping(keepalivePing);
  }

  onFrame(bytes: Buffer, start: number, end: number): void {
    const { type, streamId } = this.#reader;
    if (!this.#settled && type !== frameType.settings) {
      return this.breakConnection(errorCode.protocolError, 'the first frame is not SETTINGS');
    }
    if (this.#headers.openBlock !== 0) {
      if (type !== frameType.continuation || streamId !== this.#headers.openBlock) {
        return this.breakConnection(errorCode.protocolError, 'a header block is interrupted');
      }
      if (this.bearIdleFrame()) this.#headers.continuation(this.#reader, bytes.subarray(start, end));
    } else if (type === frameType.headers) {
      this.#headers.headers(this.#reader, bytes, start, end);
    } else {
      this.#control.take(this.#reader, bytes.subarray(start, end));
    }
  }

  onDataBegin(length: number): void {
    if (!this.#settled || this.#headers.openBlock !== 0 || this.#reader.streamId === 0) {
      return this.breakConnection(errorCode.protocolError, 'DATA out of place');
    }
    this.#data.begin(this.#reader, length);
  }

  onData(bytes: Buffer, start: number, end: number): void {
    this.#data.piece(bytes, start, end);
  }

  onDataEnd(): void {
    this.#data.end(this.#reader);
  }

  onBroken(code: number, reason: string): void {
    this.breakConnection(code, reason);
  }

  openStream(streamId: number): Stream | undefined {
    const { limits, meet } = this.#share;
    const tooMany = this.#streams.count >= limits.streamsMax;
    if (tooMany || !this.#departure.takesStreams) {
      if (tooMany) meet('streams', this.#socket);
      if (this.bearReset()) this.#streams.refuse(streamId, errorCode.refusedStream);
      return undefined;
    }
    this.#idleFrames.earn(earnedPerStream);
    return this.#streams.open(streamId, limits.streamWindowBytes);
  }

  begin(stream: Stream, head: RequestHead): void {
    this.#listener.onRequest(stream, head);
  }

  beginTooLarge(stream: Stream): void {
    this.#share.meet('header-list', this.#socket);
    this.#listener.onTooLarge(stream);
    if (!stream.closed) stream.reset(errorCode.enhanceYourCalm);
  }

  blockTooLong(): void {
    this.cut('header-list', errorCode.enhanceYourCalm);
  }

  settle(): void {
    this.#settled = true;
  }

  pingAnswered(payload: Buffer): void {
    this.#keepalive.answered();
    this.#departure.answered(payload);
  }

  bearPing(): boolean {
    if (!this.bearIdleFrame()) return false;
    if (this.#keepalive.allows(this.#share.nowMs(), this.#seen())) return true;
    this.cut('pings', errorCode.enhanceYourCalm, 'too_many_pings');
    return false;
  }

  bearReset(): boolean {
    if (this.#resets.take(this.#share.nowMs)) return true;
    this.cut('resets', errorCode.enhanceYourCalm);
    return false;
  }

  bearIdleFrame(): boolean {
    const { sentFrameCount } = this.#send;
    if (sentFrameCount !== this.#earnedFrameCount) {
      this.#idleFrames.earn(earnedPerSentFrame * (sentFrameCount - this.#earnedFrameCount));
      this.#earnedFrameCount = sentFrameCount;
    }
    if (this.#idleFrames.take(this.#share.nowMs)) return true;
    this.cut('idle-frames', errorCode.enhanceYourCalm);
    return false;
  }

  breakConnection(code: number, reason: string): void {
    this.#reader.stop();
    this.#departure.breakOff(code, reason);
    this.#streams.closeAll(errorCode.cancel);
  }

  /** A mistake of the peer's that costs a reset counts as one of its own. */
  breakStream(streamId: number, code: number): void {
    if (!this.bearReset()) return;
    const stream = this.#streams.find(streamId);
    if (stream === undefined) this.#streams.refuse(streamId, code);
    else stream.reset(code);
  }

  /** Ends the connection for a limit, which is counted and named. */
  cut(name: LimitName, code: number, reason: string = `limit: ${name}`): void {
    this.#share.meet(name, this.#socket);
    this.breakConnection(code, reason);
  }

  get settled(): boolean {
    return this.#settled;
  }

  get openFrame(): number {
    return this.#headers.openBlock > 0 ? -this.#headers.openBlock : this.#reader.openFrame;
  }

  get backlogBytes(): number {
    return this.#output.backlogBytes;
  }

  get takenCount(): number {
    return this.#output.takenCount;
  }

  get hasRoom(): boolean {
    return this.#receive.hasRoom;
  }

  streams(): Iterable<Stream> {
    return this.#streams.all();
  }

  #seen(): { streamCount: number; sentFrameCount: number } {
    return { streamCount: this.#streams.count, sentFrameCount: this.#send.sentFrameCount };
  }

  /** What a listener throws is a mistake of its own: it ends the connection and not the process. */
  #guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.breakConnection(errorCode.internalError, error instanceof Error ? error.message : String(error));
    }
  }
}

function createDecoder({ limits, interned }: ConnectionShare): HpackDecoder {
  return new HpackDecoder({
    tableBytes: headerTableBytes,
    listBytes: limits.headerListBytesMax,
    interned,
  });
}
