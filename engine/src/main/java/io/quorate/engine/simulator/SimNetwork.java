package io.quorate.engine.simulator;

import io.quorate.engine.virtual.SimClock;
import io.quorate.engine.virtual.SimRandom;
import io.quorate.engine.virtual.Trace;
import io.quorate.transport.FrameHandler;
import io.quorate.transport.FrameLimits;
import io.quorate.transport.Outbox;
import java.util.ArrayDeque;
import java.util.Arrays;
import org.agrona.BitUtil;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A network that loses, delays, repeats, reorders and cuts, as a seed says. Frames are authenticated symbolically: the
 * receiver is told the true sender, a damaged frame never arrives (its MAC would not fit) and a frame of an ended session is
 * dropped (its key is gone). Repeated frames do arrive, although the links of production filter them: protocols must bear it.
 */
public final class SimNetwork {
    /** What a link does while nothing special is wrong; chances in parts per million. */
    public record Conditions(
            long delayMinNs,
            long delayMaxNs,
            int slowPpm,
            long slowMaxNs,
            int lossPpm,
            int duplicatePpm,
            int replayPpm,
            int corruptPpm,
            int refusePpm) {

        /** A good LAN: a little delay, nothing lost. */
        public static Conditions calm() {
            return new Conditions(20_000, 200_000, 0, 0, 0, 0, 0, 0, 0);
        }

        /** The weather of a run. */
        static Conditions draw(final FaultPlan.Preset preset, final SimRandom random) {
            final int percent = SimRandom.CERTAIN_PPM / 100;
            final long delayMinNs = random.between(1_000, 50_000);
            final long delayMaxNs = random.between(100_000, 2 * 1_000_000);
            if (preset.isStandard()) {
                final int rare = random.nextInt(2 * percent);
                return new Conditions(
                        delayMinNs,
                        delayMaxNs,
                        5 * percent,
                        random.between(1_000_000, 30 * 1_000_000),
                        10 * percent,
                        5 * percent,
                        rare,
                        rare / 2,
                        rare / 2);
            }
            if (preset == FaultPlan.Preset.HOARDERS) {
                // Late, not lost: views must not end by chance.
                return new Conditions(
                        delayMinNs,
                        delayMaxNs / 2,
                        20 * percent,
                        random.between(1_000_000, 8 * 1_000_000),
                        0,
                        0,
                        0,
                        0,
                        0);
            }
            final boolean isBad = preset == FaultPlan.Preset.HARSH || preset == FaultPlan.Preset.NETWORK;
            final int worst = isBad ? 30 : 2;
            return new Conditions(
                    delayMinNs,
                    delayMaxNs,
                    random.nextInt(worst * percent / 2),
                    random.between(1_000_000, (isBad ? 90 : 10) * 1_000_000),
                    random.nextInt(worst * percent + 1),
                    random.nextInt((isBad ? 50 : 2) * percent + 1),
                    random.nextInt((isBad ? 50 : 2) * percent + 1),
                    random.nextInt((isBad ? 3 : 1) * percent + 1),
                    random.nextInt((isBad ? 3 : 1) * percent + 1));
        }

        /** The same with another chance of loss. */
        Conditions withLoss(final int ppm) {
            return new Conditions(
                    delayMinNs, delayMaxNs, slowPpm, slowMaxNs, ppm, duplicatePpm, replayPpm, corruptPpm, refusePpm);
        }
    }

    /** Longest frame and message of the simulated links, as in production. */
    public static final FrameLimits LIMITS = new FrameLimits(512 * 1024, 256 * 1024);

    /** More frames than this under way on one link are lost, as a receiver window would lose them. */
    public static final int IN_FLIGHT_MAX = 1024;

    private static final int REMEMBERED_FRAMES = 8;
    private static final int POOL_MAX = 4096;

    /** Epoch of the ways that {@link #attach} opens, to all peers under their numbers. */
    static final long FIRST_EPOCH = 1;

    private final int nodeCount;
    private final int[] everybody;
    private final int[] peerOf;
    private final int[] twinOf;
    private final SimClock clock;
    private final SimRandom random;
    private final Trace trace;
    private final FrameReceiver[] receivers;
    private final int[] incarnations;
    private final int[] blocked;
    private final int[] inFlight;
    private final long[] clearAtNs;
    private final Frame[][] remembered;
    private final int[] rememberedCount;
    private final ArrayDeque<Frame> pool = new ArrayDeque<>();
    private Conditions conditions = Conditions.calm();
    private long framesSent;
    private long framesDelivered;

    /** A peer's end of the network. */
    @FunctionalInterface
    interface FrameReceiver {
        /**
         * One frame of an epoch arrived; {@link #unpack} hands out its messages. The frame is valid during the call only.
         *
         * @param senderId the sender's id in that epoch
         */
        void onFrame(long epoch, int senderId, DirectBuffer frame, int lengthBytes);
    }

    /**
     * @param twins peers that run twice: the second half of the i-th is node {@code peerCount + i}, any other node is a peer; what
     *     is sent to such a peer goes to both halves, and both halves send as that peer
     */
    SimNetwork(
            final int peerCount, final int[] twins, final SimClock clock, final SimRandom random, final Trace trace) {
        everybody = new int[peerCount];
        Arrays.setAll(everybody, node -> node);
        this.clock = clock;
        this.random = random;
        this.trace = trace;
        nodeCount = peerCount + twins.length;
        peerOf = new int[nodeCount];
        twinOf = new int[peerCount];
        Arrays.setAll(peerOf, node -> node < peerCount ? node : twins[node - peerCount]);
        Arrays.fill(twinOf, -1);
        for (int node = peerCount; node < nodeCount; node++) {
            twinOf[peerOf[node]] = node;
        }
        final int linkCount = nodeCount * nodeCount;
        receivers = new FrameReceiver[nodeCount];
        incarnations = new int[nodeCount];
        blocked = new int[linkCount];
        inFlight = new int[linkCount];
        clearAtNs = new long[linkCount];
        remembered = new Frame[linkCount][];
        rememberedCount = new int[linkCount];
    }

    /** Hands each message of a frame to the handler, in the order of sending. */
    static void unpack(
            final int senderId, final DirectBuffer frame, final int lengthBytes, final FrameHandler handler) {
        int offset = 0;
        while (offset < lengthBytes) {
            final int messageLength = frame.getInt(offset);
            handler.onMessage(senderId, frame, offset + Long.BYTES, messageLength);
            offset += Long.BYTES + BitUtil.align(messageLength, Long.BYTES);
        }
    }

    /** Opens a node's end under a new session; frames from or to an earlier one never arrive. */
    Port attach(final int node, final int incarnation, final FrameReceiver receiver) {
        incarnations[node] = incarnation;
        receivers[node] = receiver;
        return new Port(node, FIRST_EPOCH, peerOf[node], everybody);
    }

    /**
     * A way into the group of an epoch, for the life in which the node is.
     *
     * @param selfId the node's peer id in that epoch
     * @param nodes of the peers of the epoch, by their ids
     */
    Port open(final int node, final long epoch, final int selfId, final int[] nodes) {
        return new Port(node, epoch, selfId, nodes.clone());
    }

    /** Closes a node's end: what is under way to it is lost. */
    void detach(final int node) {
        receivers[node] = null;
    }

    void conditions(final Conditions newConditions) {
        conditions = newConditions;
    }

    /** Cuts one direction of one link, or takes back one cut; cuts add up. */
    void cut(final int from, final int to, final boolean isCut) {
        blocked[link(from, to)] += isCut ? 1 : -1;
    }

    /** Holds back what one direction of a link carries until the given time. */
    void clog(final int from, final int to, final long untilNs) {
        clearAtNs[link(from, to)] = Math.max(clearAtNs[link(from, to)], untilNs);
    }

    /** Mends every link. */
    void heal() {
        Arrays.fill(blocked, 0);
        Arrays.fill(clearAtNs, 0);
    }

    long framesSent() {
        return framesSent;
    }

    long framesDelivered() {
        return framesDelivered;
    }

    private int link(final int from, final int to) {
        return from * nodeCount + to;
    }

    private void transmit(final Frame frame) {
        framesSent++;
        final long nowNs = clock.nowNs();
        final int link = link(frame.from, frame.to);
        trace.record(nowNs, frame.from, Trace.Kind.SEND, frame.to, Trace.hash(1, frame.buffer, 0, frame.lengthBytes));
        if (blocked[link] > 0) {
            trace.record(nowNs, frame.from, Trace.Kind.BLOCK, frame.to, 0);
        } else if (random.chance(conditions.lossPpm)) {
            trace.record(nowNs, frame.from, Trace.Kind.LOSE, frame.to, 0);
        } else if (random.chance(conditions.corruptPpm)) {
            trace.record(nowNs, frame.from, Trace.Kind.CORRUPT, frame.to, 0);
        } else {
            put(frame);
            if (random.chance(conditions.duplicatePpm)) {
                trace.record(nowNs, frame.from, Trace.Kind.DUPLICATE, frame.to, 0);
                put(frame);
            }
            if (conditions.replayPpm > 0) {
                remember(link, frame);
            }
        }
        release(frame);
    }

    private void put(final Frame frame) {
        final int link = link(frame.from, frame.to);
        if (inFlight[link] >= IN_FLIGHT_MAX) {
            trace.record(clock.nowNs(), frame.from, Trace.Kind.LOSE, frame.to, IN_FLIGHT_MAX);
            return;
        }
        inFlight[link]++;
        frame.holders++;
        long delayNs = random.between(conditions.delayMinNs, conditions.delayMaxNs);
        if (random.chance(conditions.slowPpm)) {
            delayNs += random.nextLong(conditions.slowMaxNs + 1);
        }
        clock.schedule(delayNs + Math.max(0, clearAtNs[link] - clock.nowNs()), frame);
    }

    private void remember(final int link, final Frame frame) {
        if (random.chance(conditions.replayPpm) && rememberedCount[link] > 0) {
            final int count = Math.min(rememberedCount[link], REMEMBERED_FRAMES);
            final Frame old = remembered[link][random.nextInt(count)];
            trace.record(clock.nowNs(), old.from, Trace.Kind.DUPLICATE, old.to, 1);
            put(old);
        }
        if (remembered[link] == null) {
            remembered[link] = new Frame[REMEMBERED_FRAMES];
        }
        final int slot = rememberedCount[link]++ % REMEMBERED_FRAMES;
        final Frame forgotten = remembered[link][slot];
        remembered[link][slot] = frame;
        frame.holders++;
        if (forgotten != null) {
            release(forgotten);
        }
    }

    private void arrive(final Frame frame) {
        inFlight[link(frame.from, frame.to)]--;
        final FrameReceiver receiver = receivers[frame.to];
        if (receiver != null) {
            if (frame.fromIncarnation == incarnations[frame.from] && frame.toIncarnation == incarnations[frame.to]) {
                framesDelivered++;
                trace.record(clock.nowNs(), frame.to, Trace.Kind.DELIVER, frame.from, frame.lengthBytes);
                receiver.onFrame(frame.epoch, frame.senderId, frame.buffer, frame.lengthBytes);
            } else {
                trace.record(clock.nowNs(), frame.to, Trace.Kind.STALE, frame.from, frame.fromIncarnation);
            }
        }
        release(frame);
    }

    /** Offers one message in the name of a peer that did not send it: its MAC cannot fit, so it is dropped and counted. */
    void forge(final int asPeerId, final int to, final int lengthBytes) {
        trace.record(clock.nowNs(), to, Trace.Kind.FORGED, asPeerId, lengthBytes);
    }

    private Frame acquire(final Port port, final int to) {
        final int from = port.node;
        final Frame pooled = pool.pollFirst();
        final Frame frame = pooled == null ? new Frame() : pooled;
        frame.from = from;
        frame.to = to;
        frame.epoch = port.epoch;
        frame.senderId = port.peerId;
        frame.fromIncarnation = incarnations[from];
        frame.toIncarnation = incarnations[to];
        frame.lengthBytes = 0;
        frame.holders = 1;
        return frame;
    }

    private void release(final Frame frame) {
        if (--frame.holders == 0 && pool.size() < POOL_MAX) {
            pool.addFirst(frame);
        }
    }

    /** One frame; it lives as long as something that is under way, or remembered for a replay, holds it. */
    private final class Frame implements SimClock.Event {
        private static final int CAPACITY_INITIAL = 512;

        private final UnsafeBuffer buffer = new UnsafeBuffer(new byte[CAPACITY_INITIAL]);
        private int from;
        private int to;
        private long epoch;
        private int senderId;
        private int fromIncarnation;
        private int toIncarnation;
        private int lengthBytes;
        private int holders;

        @Override
        public void happen() {
            arrive(this);
        }

        void set(final Frame other) {
            if (other.lengthBytes > buffer.capacity()) {
                buffer.wrap(new byte[other.buffer.capacity()]);
            }
            buffer.putBytes(0, other.buffer, 0, other.lengthBytes);
            lengthBytes = other.lengthBytes;
        }

        void append(final DirectBuffer message, final int offset, final int messageLength) {
            final int end = lengthBytes + Long.BYTES + BitUtil.align(messageLength, Long.BYTES);
            if (end > buffer.capacity()) {
                buffer.wrap(Arrays.copyOf(buffer.byteArray(), BitUtil.findNextPositivePowerOfTwo(end)));
            }
            buffer.putLong(lengthBytes, messageLength);
            if (end > lengthBytes + Long.BYTES) {
                buffer.putLong(end - Long.BYTES, 0);
            }
            buffer.putBytes(lengthBytes + Long.BYTES, message, offset, messageLength);
            lengthBytes = end;
        }
    }

    /** The outbox of one incarnation of one peer: packs what is for one peer into one frame, as the links of production do. */
    final class Port implements Outbox {
        private final int node;
        private final long epoch;
        private final int peerId;
        private final int[] nodes;
        private final int incarnation;
        private final Frame[] waiting;
        private long waitingMask;

        private Port(final int node, final long epoch, final int peerId, final int[] nodes) {
            this.node = node;
            this.epoch = epoch;
            this.peerId = peerId;
            this.nodes = nodes;
            waiting = new Frame[nodes.length];
            incarnation = incarnations[node];
        }

        @Override
        public boolean send(final int to, final DirectBuffer message, final int offset, final int lengthBytes) {
            if (to < 0 || to >= nodes.length || to == peerId) {
                throw new IllegalArgumentException(
                        "peer " + peerId + " sends to another of 0.." + (nodes.length - 1) + ", given " + to);
            }
            if (lengthBytes <= 0 || lengthBytes > LIMITS.messageLengthMax()) {
                throw new IllegalArgumentException(
                        "a message has 1.." + LIMITS.messageLengthMax() + " bytes, given " + lengthBytes);
            }
            if (random.chance(conditions.refusePpm)) {
                trace.record(clock.nowNs(), node, Trace.Kind.REFUSE, nodes[to], lengthBytes);
                return false;
            }
            if (waiting[to] != null
                    && waiting[to].lengthBytes + lengthBytes + 2 * Long.BYTES > LIMITS.frameLengthMax()) {
                flush(to);
            }
            if (waiting[to] == null) {
                waiting[to] = acquire(this, nodes[to]);
                waitingMask |= 1L << to;
            }
            waiting[to].append(message, offset, lengthBytes);
            if (trace.isReadable()) {
                trace.tell(
                        clock.nowNs(),
                        "peer " + node + " to peer " + nodes[to] + ": " + Trace.describe(message, offset));
            }
            return true;
        }

        @Override
        public void flush() {
            for (long left = waitingMask; left != 0; left &= left - 1) {
                flush(Long.numberOfTrailingZeros(left));
            }
            waitingMask = 0;
        }

        private Frame copyFor(final int otherNode, final Frame frame) {
            final Frame copy = acquire(this, otherNode);
            copy.set(frame);
            return copy;
        }

        private void flush(final int to) {
            final Frame frame = waiting[to];
            if (frame != null) {
                waiting[to] = null;
                if (receivers[node] != null && incarnation == incarnations[node]) {
                    if (twinOf[nodes[to]] >= 0) {
                        transmit(copyFor(twinOf[nodes[to]], frame));
                    }
                    frame.toIncarnation = incarnations[nodes[to]];
                    transmit(frame);
                } else {
                    release(frame);
                }
            }
        }
    }
}
