package io.quorate.engine.mesh;

import io.quorate.engine.virtual.SimClock;
import io.quorate.engine.virtual.SimRandom;
import io.quorate.engine.virtual.Trace;
import io.quorate.transport.Outbox;
import io.quorate.transport.frame.FrameFlyweight;
import java.util.ArrayList;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The links of a simulated mesh: frames as production packs them, one a peer and turn, late by a little, lost and cut as is set.
 * Senders are authenticated symbolically: the receiver is told who sent. It scales to thousands of members, so it keeps nothing a pair.
 */
final class MeshNetwork {
    /** What one UDP datagram of the links carries. */
    private static final int PACKET_LENGTH = 1344;

    private static final int FRAME_OVERHEAD = FrameFlyweight.HEADER_LENGTH + FrameFlyweight.TAG_LENGTH;
    private static final int MESSAGE_LENGTH_MAX = 64 * 1024;
    private static final long DELAY_MIN_NS = 30_000;
    private static final long DELAY_MAX_NS = 300_000;

    /** Nothing passes from one set of members to another. */
    record Cut(boolean[] from, boolean[] to) {
        boolean stops(final int fromId, final int toId) {
            return from[fromId] && to[toId];
        }
    }

    /** Messages of one sender for one receiver, each behind its length. */
    static final class Frame {
        private UnsafeBuffer bytes = new UnsafeBuffer(new byte[256]);
        private int length;
        private int wireLength = FRAME_OVERHEAD;

        private void append(final DirectBuffer message, final int offset, final int lengthBytes) {
            final int end = length + Integer.BYTES + lengthBytes;
            if (end > bytes.capacity()) {
                final UnsafeBuffer larger = new UnsafeBuffer(new byte[2 * end]);
                larger.putBytes(0, bytes, 0, length);
                bytes = larger;
            }
            bytes.putInt(length, lengthBytes);
            bytes.putBytes(length + Integer.BYTES, message, offset, lengthBytes);
            length = end;
            wireLength += FrameFlyweight.recordLength(lengthBytes);
        }

        /** Hands out each message. */
        void forEach(final MessageHandler handler) {
            int at = 0;
            while (at < length) {
                final int lengthBytes = bytes.getInt(at);
                handler.onMessage(bytes, at + Integer.BYTES, lengthBytes);
                at += Integer.BYTES + lengthBytes;
            }
        }
    }

    /** Takes one message of a frame. */
    @FunctionalInterface
    interface MessageHandler {
        void onMessage(DirectBuffer buffer, int offset, int lengthBytes);
    }

    /** A member's end. */
    @FunctionalInterface
    interface Receiver {
        void onFrame(int fromId, Frame frame);
    }

    private final SimClock clock;
    private final SimRandom random;
    private final Trace trace;
    private final Receiver[] receivers;
    private final int[] lossPpm;
    private final long[] packetsOf;
    private final List<Cut> cuts = new ArrayList<>();
    private int lossEverywherePpm;
    private long packets;
    private long bytes;

    MeshNetwork(final int memberCount, final SimClock clock, final SimRandom random, final Trace trace) {
        this.clock = clock;
        this.random = random;
        this.trace = trace;
        receivers = new Receiver[memberCount];
        lossPpm = new int[memberCount];
        packetsOf = new long[memberCount];
    }

    void attach(final int memberId, final Receiver receiver) {
        receivers[memberId] = receiver;
    }

    void cut(final Cut cut) {
        cuts.add(cut);
    }

    void mend(final Cut cut) {
        cuts.remove(cut);
    }

    /** Frames to and from one member get lost by this chance, each way. */
    void lossAt(final int memberId, final int ppm) {
        lossPpm[memberId] = ppm;
    }

    int lossAt(final int memberId) {
        return lossPpm[memberId];
    }

    void lossEverywhere(final int ppm) {
        lossEverywherePpm = ppm;
    }

    boolean passes(final int fromId, final int toId) {
        for (final Cut cut : cuts) {
            if (cut.stops(fromId, toId)) {
                return false;
            }
        }
        return true;
    }

    /** True if both hear each other. */
    boolean joins(final int oneId, final int otherId) {
        return passes(oneId, otherId) && passes(otherId, oneId);
    }

    /** Packets handed to the network by all, lost ones too. */
    long packets() {
        return packets;
    }

    /** Of those, one member's. */
    long packetsOf(final int memberId) {
        return packetsOf[memberId];
    }

    /** Bytes of frames, headers and MACs included. */
    long bytes() {
        return bytes;
    }

    /** A member's outbox: what it sends in one turn to one receiver is one frame. */
    Outbox outbox(final int memberId) {
        return new Packer(memberId);
    }

    private final class Packer implements Outbox {
        private final int fromId;
        private final List<Integer> receiverIds = new ArrayList<>();
        private final List<Frame> frames = new ArrayList<>();

        Packer(final int fromId) {
            this.fromId = fromId;
        }

        @Override
        public boolean send(final int peerId, final DirectBuffer message, final int offset, final int lengthBytes) {
            if (peerId == fromId || lengthBytes > MESSAGE_LENGTH_MAX) {
                throw new IllegalArgumentException(
                        "member " + fromId + " sends " + lengthBytes + " bytes to member " + peerId);
            }
            int place = receiverIds.indexOf(peerId);
            if (place < 0) {
                place = frames.size();
                receiverIds.add(peerId);
                frames.add(new Frame());
            }
            frames.get(place).append(message, offset, lengthBytes);
            return true;
        }

        @Override
        public void flush() {
            for (int i = 0; i < frames.size(); i++) {
                transmit(fromId, receiverIds.get(i), frames.get(i));
            }
            receiverIds.clear();
            frames.clear();
        }
    }

    private void transmit(final int fromId, final int toId, final Frame frame) {
        final int count = (frame.wireLength + PACKET_LENGTH - 1) / PACKET_LENGTH;
        packets += count;
        packetsOf[fromId] += count;
        bytes += frame.wireLength;
        final long delayNs = random.between(DELAY_MIN_NS, DELAY_MAX_NS);
        if (!passes(fromId, toId)) {
            trace.record(clock.nowNs(), fromId, Trace.Kind.BLOCK, toId, frame.length);
        } else if (random.chance(lossEverywherePpm) || random.chance(lossPpm[fromId]) || random.chance(lossPpm[toId])) {
            trace.record(clock.nowNs(), fromId, Trace.Kind.LOSE, toId, frame.length);
        } else {
            trace.record(clock.nowNs(), fromId, Trace.Kind.SEND, toId, frame.length);
            clock.schedule(delayNs, () -> {
                trace.record(clock.nowNs(), toId, Trace.Kind.DELIVER, fromId, frame.length);
                if (receivers[toId] != null) {
                    receivers[toId].onFrame(fromId, frame);
                }
            });
        }
    }
}
