package io.quorate.transport.aeron;

import io.quorate.transport.DropReason;
import io.quorate.transport.FrameLimits;
import io.quorate.transport.LinkCounter;
import io.quorate.transport.LinkCounters;
import io.quorate.transport.auth.Handshake;
import io.quorate.transport.auth.MacKeyRing;
import io.quorate.transport.auth.SessionKeys;
import io.quorate.transport.codecs.LinkStatusDecoder;
import io.quorate.transport.codecs.LinkStatusEncoder;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import io.quorate.transport.codecs.MessageHeaderEncoder;
import io.quorate.transport.frame.FrameFlyweight;
import io.quorate.transport.frame.FramePacker;
import io.quorate.transport.frame.LinkHandler;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Keeps a session open towards every other peer: begins handshakes, repeats them with growing pauses, renews sessions, and sends the
 * link status that lets both sides notice a session that one of them has lost. Sans-io; consensus thread only.
 */
public final class PeerLinks implements LinkHandler {
    private static final int STATUS_FRAME_LENGTH = 128;

    private final Timing timing;
    private final LinkCounters counters;
    private final Wire wire;
    private final int localId;
    private final Peer[] peers;
    private final UnsafeBuffer frame = new UnsafeBuffer(
            new byte[FrameFlyweight.HEADER_LENGTH + FrameFlyweight.recordLength(Handshake.MESSAGE_LENGTH_MAX)]);
    private final UnsafeBuffer status =
            new UnsafeBuffer(new byte[MessageHeaderEncoder.ENCODED_LENGTH + LinkStatusEncoder.BLOCK_LENGTH]);
    private final MessageHeaderEncoder headerEncoder = new MessageHeaderEncoder();
    private final LinkStatusEncoder statusEncoder = new LinkStatusEncoder();
    private final MessageHeaderDecoder headerDecoder = new MessageHeaderDecoder();
    private final LinkStatusDecoder statusDecoder = new LinkStatusDecoder();
    private long nowNs;

    /** Where frames go at once, without waiting for a flush. */
    public interface Wire {
        boolean isConnected(int peerId);

        /** Sends one whole frame now; false if it could not go. */
        boolean offer(int peerId, DirectBuffer frame, int lengthBytes);

        /** From now on frames for this peer are sealed by this session. */
        void useSession(int peerId, SessionKeys session);

        /** A stream to this peer is needed soon; it is opened if it is not open. */
        default void want(final int peerId) {}

        /** False while nobody needs a link to this peer: then no session is opened. */
        default boolean isWanted(final int peerId) {
            return true;
        }
    }

    /**
     * When the links act.
     *
     * @param helloRetryNs first pause before a Hello is repeated; doubles up to {@code helloRetryMaxNs}
     * @param helloRetryMaxNs longest pause
     * @param helloLifetimeNs after which a Hello that was not answered is replaced by a fresh one
     * @param statusIntervalNs between two link status messages
     * @param graceNs how long the session before the current one is still accepted
     * @param sessionLifetimeNs after which a session is renewed
     */
    public record Timing(
            long helloRetryNs,
            long helloRetryMaxNs,
            long helloLifetimeNs,
            long statusIntervalNs,
            long graceNs,
            long sessionLifetimeNs) {
        public Timing {
            if (helloRetryNs < 1
                    || helloRetryMaxNs < helloRetryNs
                    || helloLifetimeNs < helloRetryMaxNs
                    || statusIntervalNs < 1
                    || graceNs < statusIntervalNs
                    || sessionLifetimeNs < graceNs) {
                throw new IllegalArgumentException(
                        "link times must satisfy 1 <= hello retry <= hello retry max <= hello"
                                + " lifetime and 1 <= status interval <= grace <= session lifetime, in ns; given "
                                + helloRetryNs + ", " + helloRetryMaxNs + ", " + helloLifetimeNs + " and "
                                + statusIntervalNs
                                + ", " + graceNs + ", " + sessionLifetimeNs);
            }
        }

        public static Timing defaults() {
            return new Timing(
                    50_000_000L, 400_000_000L, 5_000_000_000L, 200_000_000L, 1_000_000_000L, 3_600_000_000_000L);
        }
    }

    /**
     * Made once a transport.
     *
     * @param rings where sessions for receiving go, by peer id; the own place is not used
     */
    public PeerLinks(
            final Handshake.Local local,
            final List<MacKeyRing> rings,
            final Timing timing,
            final LinkCounters counters,
            final Wire wire) {
        this.timing = timing;
        this.counters = counters;
        this.wire = wire;
        localId = local.peerId();
        peers = new Peer[local.roster().size()];
        final long group = FrameFlyweight.groupPrefix(local.roster().groupId());
        for (int id = 0; id < peers.length; id++) {
            if (id != localId) {
                final FrameFlyweight.Link link =
                        new FrameFlyweight.Link(group, local.roster().epoch(), localId, id);
                peers[id] = new Peer(rings.get(id), new Handshake(local, id, rings.get(id)), link);
            }
        }
    }

    /** Does what is due; returns the number of frames sent. */
    public int onTick(final long nowNs) {
        this.nowNs = nowNs;
        int work = 0;
        for (int id = 0; id < peers.length; id++) {
            if (id != localId) {
                work += onTick(id, peers[id]);
            }
        }
        return work;
    }

    /** True if there is a session for sending to this peer. */
    public boolean hasSession(final int peerId) {
        return peerId != localId && peers[peerId].session != null;
    }

    @Override
    public void onHandshake(final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes) {
        final Peer peer = peers[senderId];
        final Handshake.Outcome outcome = peer.handshake.onMessage(buffer, offset, lengthBytes, nowNs);
        switch (outcome) {
            case ANSWERED -> {
                counters.increment(senderId, LinkCounter.HELLOS_ANSWERED);
                wire.want(senderId);
                peer.isWelcomeOwed = !offer(senderId, peer, peer.handshake.reply());
                // The other peer is there: do not wait out a long pause before asking it in turn.
                peer.backoffNs = timing.helloRetryNs();
                peer.nextHelloNs = Math.min(peer.nextHelloNs, nowNs + timing.helloRetryNs());
            }
            case OPENED -> onOpened(senderId, peer);
            default -> counters.drop(senderId, outcome.dropReason());
        }
    }

    @Override
    public void onLinkMessage(final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes) {
        headerDecoder.wrap(buffer, offset);
        if (headerDecoder.templateId() != LinkStatusDecoder.TEMPLATE_ID
                || headerDecoder.blockLength() < LinkStatusDecoder.BLOCK_LENGTH
                || lengthBytes < MessageHeaderDecoder.ENCODED_LENGTH + LinkStatusDecoder.BLOCK_LENGTH) {
            counters.drop(senderId, DropReason.MALFORMED);
            return;
        }
        statusDecoder.wrap(
                buffer,
                offset + MessageHeaderDecoder.ENCODED_LENGTH,
                LinkStatusDecoder.BLOCK_LENGTH,
                LinkStatusDecoder.SCHEMA_VERSION);
        final Peer peer = peers[senderId];
        // The first two intervals are left for the confirmation to arrive.
        final boolean isSettled =
                peer.session != null && nowNs - peer.openedNs > 2 * timing.statusIntervalNs() + timing.helloRetryNs();
        if (isSettled && statusDecoder.keyId() != peer.session.keyId()) {
            reopen(peer);
        }
    }

    @Override
    public void onSessionConfirmed(final int senderId) {
        final Peer peer = peers[senderId];
        counters.increment(senderId, LinkCounter.SESSIONS_CONFIRMED);
        peer.isPreviousKept = true;
        peer.previousEndNs = nowNs + timing.graceNs();
        if (peer.session != null && peer.session.incarnation() != peer.ring.currentIncarnation()) {
            // The other peer has restarted and lost the session that we send under.
            reopen(peer);
        }
    }

    private int onTick(final int peerId, final Peer peer) {
        if (peer.isPreviousKept && nowNs - peer.previousEndNs >= 0) {
            peer.ring.dropPrevious();
            peer.isPreviousKept = false;
        }
        if (!peer.isOpening
                && wire.isWanted(peerId)
                && (peer.session == null || nowNs - peer.openedNs >= timing.sessionLifetimeNs())) {
            reopen(peer);
        }
        int work = 0;
        if (peer.isWelcomeOwed && wire.isConnected(peerId)) {
            // The way to the other peer had to be opened first.
            peer.isWelcomeOwed = false;
            offer(peerId, peer, peer.handshake.welcome());
            work++;
        }
        if (peer.isOpening && nowNs - peer.nextHelloNs >= 0 && wire.isConnected(peerId)) {
            sendHello(peerId, peer);
            work++;
        }
        if (peer.session != null
                && nowNs - peer.statusSentNs >= timing.statusIntervalNs()
                && wire.isConnected(peerId)) {
            sendStatus(peerId, peer);
            work++;
        }
        return work;
    }

    private void reopen(final Peer peer) {
        if (!peer.isOpening) {
            peer.isOpening = true;
            peer.handshake.abandon();
            peer.backoffNs = timing.helloRetryNs();
            peer.nextHelloNs = nowNs;
        }
    }

    private void sendHello(final int peerId, final Peer peer) {
        if (peer.handshake.isPending() && nowNs - peer.helloMadeNs >= timing.helloLifetimeNs()) {
            peer.handshake.abandon();
        }
        if (!peer.handshake.isPending()) {
            peer.helloMadeNs = nowNs;
        }
        counters.increment(peerId, LinkCounter.HELLOS_SENT);
        offer(peerId, peer, peer.handshake.hello());
        peer.nextHelloNs = nowNs + peer.backoffNs;
        peer.backoffNs = Math.min(2 * peer.backoffNs, timing.helloRetryMaxNs());
    }

    private void onOpened(final int peerId, final Peer peer) {
        counters.increment(peerId, LinkCounter.SESSIONS_OPENED);
        peer.session = peer.handshake.opened();
        peer.isOpening = false;
        peer.openedNs = nowNs;
        wire.useSession(peerId, peer.session);
        // The first frame under the new key is what makes the other peer use it.
        sendStatus(peerId, peer);
    }

    private void sendStatus(final int peerId, final Peer peer) {
        peer.statusSentNs = nowNs;
        statusEncoder
                .wrapAndApplyHeader(status, 0, headerEncoder)
                .keyId(peer.ring.currentKeyId())
                .counter(peer.ring.currentCounter());
        peer.statusFrame.clear();
        peer.statusFrame.append(status, 0, status.capacity());
        peer.statusFrame.seal(peer.session);
        wire.offer(peerId, peer.statusFrame.buffer(), peer.statusFrame.length());
    }

    private boolean offer(final int peerId, final Peer peer, final DirectBuffer message) {
        return wire.offer(peerId, frame, FramePacker.packHandshake(frame, peer.link, message));
    }

    /** What is kept about one other peer. */
    private static final class Peer {
        final MacKeyRing ring;
        final Handshake handshake;
        final FrameFlyweight.Link link;
        final FramePacker statusFrame;
        SessionKeys session;
        boolean isOpening;
        boolean isWelcomeOwed;
        boolean isPreviousKept;
        long backoffNs;
        long nextHelloNs;
        long helloMadeNs;
        long openedNs;
        long statusSentNs;
        long previousEndNs;

        Peer(final MacKeyRing ring, final Handshake handshake, final FrameFlyweight.Link link) {
            this.ring = ring;
            this.handshake = handshake;
            this.link = link;
            statusFrame = new FramePacker(new FrameLimits(STATUS_FRAME_LENGTH, STATUS_FRAME_LENGTH), link);
        }
    }
}
