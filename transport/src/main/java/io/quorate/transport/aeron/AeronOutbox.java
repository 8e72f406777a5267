package io.quorate.transport.aeron;

import io.aeron.Aeron;
import io.aeron.ExclusivePublication;
import io.aeron.Publication;
import io.aeron.exceptions.AeronException;
import io.quorate.transport.FrameLimits;
import io.quorate.transport.LinkCounter;
import io.quorate.transport.LinkCounters;
import io.quorate.transport.Outbox;
import io.quorate.transport.auth.SessionKeys;
import io.quorate.transport.frame.FrameFlyweight;
import io.quorate.transport.frame.FramePacker;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.agrona.DirectBuffer;

/**
 * One unicast publication and one waiting frame for each other peer, so that a slow or dead peer holds up nobody else. Consensus
 * thread only; never blocks; allocates nothing in steady state.
 */
public final class AeronOutbox implements Outbox, PeerLinks.Wire {
    private static final long REBUILD_PAUSE_NS = 100_000_000;
    private static final long NONE = Aeron.NULL_VALUE;

    /** How long a frame waits for its link to open. */
    private static final long HOLD_MAX_NS = 1_000_000_000;

    private final int localId;
    private final IntUnaryOperator streamIds;
    private final FrameLimits limits;
    private final LinkCounters counters;
    private final Lane[] lanes;
    private final Runnable onFlushed;
    private final boolean isOnDemand;
    private final long idleNs;
    private Aeron aeron;
    private long nowNs;

    /**
     * @param streamIds by receiver
     * @param channels by receiver
     * @param idleNs after which time an unused stream is closed, to be opened again when it is needed; 0 keeps all open
     * @param onFlushed called when frames were handed over: a driver on this thread sends them at once
     */
    AeronOutbox(
            final FrameFlyweight.Link link,
            final IntUnaryOperator streamIds,
            final List<String> channels,
            final long idleNs,
            final FrameLimits limits,
            final LinkCounters counters,
            final Runnable onFlushed) {
        this.onFlushed = onFlushed;
        this.idleNs = idleNs;
        isOnDemand = idleNs > 0;
        localId = link.senderId();
        this.streamIds = streamIds;
        this.limits = limits;
        this.counters = counters;
        lanes = new Lane[channels.size()];
        for (int id = 0; id < lanes.length; id++) {
            if (id != localId) {
                final FrameFlyweight.Link lane = new FrameFlyweight.Link(link.groupPrefix(), link.epoch(), localId, id);
                lanes[id] = new Lane(channels.get(id), new FramePacker(limits, lane));
            }
        }
    }

    @Override
    public boolean send(final int peerId, final DirectBuffer message, final int offset, final int lengthBytes) {
        final Lane lane = lane(peerId);
        final boolean isTaken = append(peerId, lane, message, offset, lengthBytes);
        lane.isUrgent |= isTaken;
        return isTaken;
    }

    @Override
    public boolean sendLater(
            final int peerId, final DirectBuffer message, final int offset, final int lengthBytes, final long holdNs) {
        final Lane lane = lane(peerId);
        final boolean isTaken = append(peerId, lane, message, offset, lengthBytes);
        final long dueNs = nowNs + holdNs;
        if (isTaken && (lane.packer.messages() == 1 || dueNs - lane.dueNs < 0)) {
            lane.dueNs = dueNs;
        }
        return isTaken;
    }

    private boolean append(
            final int peerId, final Lane lane, final DirectBuffer message, final int offset, final int lengthBytes) {
        if (lengthBytes < 1 || lengthBytes > limits.messageLengthMax()) {
            throw new IllegalArgumentException(
                    "message has " + lengthBytes + " bytes, must be 1 to " + limits.messageLengthMax());
        }
        if (lane.session == null && !isOnDemand) {
            counters.increment(peerId, LinkCounter.MESSAGES_REFUSED);
            return false;
        }
        if (isOnDemand) {
            use(lane);
        }
        if (!lane.packer.append(message, offset, lengthBytes)) {
            if (lane.session != null) {
                flush(peerId, lane);
            }
            if (!lane.packer.append(message, offset, lengthBytes)) {
                counters.increment(peerId, LinkCounter.MESSAGES_REFUSED);
                return false;
            }
        }
        return true;
    }

    /** The lane is needed: its stream is opened if it is not, and stays open for a while. */
    private void use(final Lane lane) {
        if (lane.packer.isEmpty()) {
            lane.heldSinceNs = nowNs;
        }
        lane.isWanted = true;
        lane.usedNs = nowNs;
    }

    @Override
    public void want(final int peerId) {
        if (isOnDemand) {
            use(lane(peerId));
        }
    }

    @Override
    public boolean isWanted(final int peerId) {
        return !isOnDemand || lane(peerId).isWanted;
    }

    @Override
    public void flush() {
        boolean hasFlushed = false;
        for (int id = 0; id < lanes.length; id++) {
            final Lane lane = lanes[id];
            if (id != localId && !lane.packer.isEmpty() && (lane.isUrgent || nowNs - lane.dueNs >= 0)) {
                flush(id, lane);
                hasFlushed = true;
            }
        }
        if (hasFlushed && !isOnDemand) {
            onFlushed.run();
        }
    }

    @Override
    public boolean isConnected(final int peerId) {
        final ExclusivePublication publication = lane(peerId).publication;
        return publication != null && publication.isConnected();
    }

    @Override
    public boolean offer(final int peerId, final DirectBuffer frame, final int lengthBytes) {
        final Lane lane = lane(peerId);
        if (lane.publication == null) {
            counters.increment(peerId, LinkCounter.NOT_CONNECTED);
            return false;
        }
        final long position = offer(peerId, lane, frame, lengthBytes);
        if (position > 0) {
            return true;
        }
        if (position == Publication.CLOSED || position == Publication.MAX_POSITION_EXCEEDED) {
            lose(lane);
        }
        return false;
    }

    @Override
    public void useSession(final int peerId, final SessionKeys session) {
        lane(peerId).session = session;
    }

    /** Makes the publications under a (new) client and waits until the driver has them. */
    void connect(final Aeron client) {
        aeron = client;
        for (int id = 0; id < lanes.length; id++) {
            if (id != localId && !isOnDemand) {
                lanes[id].publication = client.addExclusivePublication(lanes[id].channel, streamIds.applyAsInt(id));
                lanes[id].registrationId = NONE;
            }
        }
    }

    /** Forgets the publications of a client that is gone. */
    void disconnect() {
        aeron = null;
        for (final Lane lane : lanes) {
            if (lane != null) {
                lane.publication = null;
                lane.registrationId = NONE;
            }
        }
    }

    /** Rebuilds lost publications without waiting for the driver. */
    int onTick(final long tickNs) {
        nowNs = tickNs;
        int work = 0;
        for (int id = 0; id < lanes.length; id++) {
            final Lane lane = lanes[id];
            if (lane == null || aeron == null) {
                continue;
            }
            if (lane.publication == null && (lane.isWanted || !isOnDemand) && lane.isDue(nowNs)) {
                work += rebuild(id, lane, nowNs);
            } else if (isOnDemand && lane.isWanted && nowNs - lane.usedNs >= idleNs) {
                rest(lane);
                work++;
            }
        }
        return work;
    }

    /** Closes an unused stream; the session stays. */
    private static void rest(final Lane lane) {
        lane.isWanted = false;
        lane.packer.clear();
        if (lane.publication != null) {
            lose(lane);
        }
    }

    private int rebuild(final int peerId, final Lane lane, final long nowNs) {
        try {
            if (lane.registrationId == NONE) {
                lane.registrationId = aeron.asyncAddExclusivePublication(lane.channel, streamIds.applyAsInt(peerId));
                return 1;
            }
            final ExclusivePublication publication = aeron.getExclusivePublication(lane.registrationId);
            if (publication == null) {
                return 0;
            }
            lane.publication = publication;
            lane.registrationId = NONE;
            counters.increment(peerId, LinkCounter.PUBLICATIONS_REBUILT);
        } catch (final AeronException e) {
            lane.registrationId = NONE;
            lane.isPausing = true;
            lane.retryNs = nowNs + REBUILD_PAUSE_NS;
        }
        return 1;
    }

    private void flush(final int peerId, final Lane lane) {
        hand(peerId, lane);
        lane.isUrgent &= !lane.packer.isEmpty();
    }

    private void hand(final int peerId, final Lane lane) {
        final ExclusivePublication publication = lane.publication;
        final boolean isOpening = isOnDemand
                && (lane.session == null || publication == null || !publication.isConnected())
                && nowNs - lane.heldSinceNs < HOLD_MAX_NS;
        if (isOpening) {
            return;
        }
        if (lane.session == null || publication == null || (!publication.isConnected() && !publication.isClosed())) {
            counters.increment(peerId, LinkCounter.NOT_CONNECTED);
            lane.packer.clear();
            return;
        }
        if (publication.availableWindow() == 0) {
            // Not worth a MAC yet.
            counters.increment(peerId, LinkCounter.BACK_PRESSURED);
            return;
        }
        lane.packer.seal(lane.session);
        long position = offer(peerId, lane, lane.packer.buffer(), lane.packer.length());
        if (position == Publication.ADMIN_ACTION) {
            // The log has rotated; the second offer finds a clean term.
            position = offer(peerId, lane, lane.packer.buffer(), lane.packer.length());
        }
        if (position > 0) {
            counters.add(peerId, LinkCounter.MESSAGES_SENT, lane.packer.messages());
            lane.packer.clear();
        } else if (position != Publication.BACK_PRESSURED && position != Publication.ADMIN_ACTION) {
            lane.packer.clear();
            if (position != Publication.NOT_CONNECTED) {
                lose(lane);
            }
        }
    }

    private long offer(final int peerId, final Lane lane, final DirectBuffer frame, final int lengthBytes) {
        final long position = lane.publication.offer(frame, 0, lengthBytes);
        if (position > 0) {
            counters.increment(peerId, LinkCounter.FRAMES_SENT);
            counters.add(peerId, LinkCounter.BYTES_SENT, lengthBytes);
        } else if (position == Publication.BACK_PRESSURED) {
            counters.increment(peerId, LinkCounter.BACK_PRESSURED);
        } else if (position == Publication.ADMIN_ACTION) {
            counters.increment(peerId, LinkCounter.ADMIN_ACTION);
        } else if (position == Publication.NOT_CONNECTED) {
            counters.increment(peerId, LinkCounter.NOT_CONNECTED);
        } else {
            counters.increment(peerId, LinkCounter.PUBLICATION_LOST);
        }
        return position;
    }

    private static void lose(final Lane lane) {
        lane.publication.close();
        lane.publication = null;
        lane.registrationId = NONE;
    }

    private Lane lane(final int peerId) {
        if (peerId < 0 || peerId >= lanes.length || peerId == localId) {
            throw new IllegalArgumentException("peer " + peerId + " is not another peer of this group: 0.."
                    + (lanes.length - 1) + " without " + localId);
        }
        return lanes[peerId];
    }

    /** The way to one other peer. */
    private static final class Lane {
        final String channel;
        final FramePacker packer;
        ExclusivePublication publication;
        SessionKeys session;
        long registrationId = NONE;

        /** Something in the frame does not wait; else it goes when {@code dueNs} has come. */
        boolean isUrgent;

        long dueNs;
        boolean isPausing;
        long retryNs;

        /** On demand only: somebody needs the lane; when it was needed last; since when its frame waits. */
        boolean isWanted;

        long usedNs;
        long heldSinceNs;

        Lane(final String channel, final FramePacker packer) {
            this.channel = channel;
            this.packer = packer;
        }

        boolean isDue(final long nowNs) {
            if (isPausing && nowNs - retryNs < 0) {
                return false;
            }
            isPausing = false;
            return true;
        }
    }
}
