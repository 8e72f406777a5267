package io.quorate.engine.gossip;

import io.quorate.engine.metrics.Counters;
import io.quorate.engine.metrics.GossipCounter;
import io.quorate.engine.pacing.Allowances;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.agrona.DirectBuffer;
import org.agrona.collections.LongHashSet;

/**
 * Passes records on until everybody has them (rumor mongering, Demers et al., PODC 1987; the lazy half as in Plumtree, Leitao
 * et al., SRDS 2007). A new record goes to {@code fanout} peers at once; for some intervals afterwards the peer names
 * what it has heard lately to one peer, which asks for what it lacks. docs/protocols/gossip.md has the numbers.
 *
 * <p>A record is opaque here and signed by its owner; {@link RumorHandler} checks it, once: afterwards its digest tells that it is
 * known. A peer that passes on what does not hold pays with its budget of checks. One thread, the consensus thread; allocates
 * nothing in steady state.
 */
public final class RumorMill {
    /** Kinds of rumors are below it. */
    public static final int KINDS_MAX = 16;

    private static final int REQUESTS_FACTOR = 16;

    private final GossipContext context;
    private final PeerSampler sampler;
    private final GossipPublisher publisher;
    private final Counters<GossipCounter> counters;
    private final RumorHandler[] handlers = new RumorHandler[KINDS_MAX];
    private final KnownRumors rumors;
    private final Allowances checks;
    private final LongHashSet requested;
    private final int[] targets = new int[GossipContext.FANOUT_MAX];
    private final long[] listed;
    private final int[] askedOf;
    private int noticeTurn;
    private long noticeAtNs;
    private boolean isStarted;

    /**
     * @param context concluded
     * @param sampler whom rumors go to; kept up to date by its owner
     */
    public RumorMill(
            final GossipContext context,
            final PeerSampler sampler,
            final GossipPublisher publisher,
            final Counters<GossipCounter> counters) {
        this.context = context;
        this.sampler = sampler;
        this.publisher = publisher;
        this.counters = counters;
        rumors = new KnownRumors(context.knownMax(), context.keptMax(), context.recordLengthMax());
        checks = new Allowances(context.peerCount(), context.uselessChecksMax(), context.uselessCheckIntervalNs());
        listed = new long[GossipPublisher.idsMax(context)];
        requested = new LongHashSet(2 * REQUESTS_FACTOR * listed.length, 0.55f, false);
        askedOf = new int[context.peerCount()];
        noticeTurn = context.selfId();
    }

    /** Who handles rumors of a kind; to be said before the first message. */
    public RumorMill handler(final int kind, final RumorHandler handler) {
        if (kind < 0 || kind >= KINDS_MAX || handlers[kind] != null) {
            throw new IllegalArgumentException(
                    "a kind is 0 to " + (KINDS_MAX - 1) + " and has one handler, given " + kind);
        }
        handlers[kind] = handler;
        return this;
    }

    /**
     * Begins a rumor, or begins it anew: a record that this peer vouches for, as its owner or because it has checked it.
     *
     * @return to how many peers it went at once
     * @throws IllegalArgumentException if the record is longer than allowed
     */
    public int spread(final int kind, final DirectBuffer record, final int offset, final int lengthBytes) {
        if (lengthBytes < 1 || lengthBytes > context.recordLengthMax()) {
            throw new IllegalArgumentException(
                    "a record has 1 to " + context.recordLengthMax() + " bytes, given " + lengthBytes);
        }
        counters.increment(GossipCounter.RUMORS_SPREAD);
        final long id = rumors.idOf(kind, record, offset, lengthBytes);
        return takeIn(id, kind, context.ttl(), record, offset, lengthBytes, -1);
    }

    /** A rumor came; the record's room says what it is worth. */
    void onRumor(
            final int senderId,
            final int kind,
            final int ttl,
            final DirectBuffer buffer,
            final int offset,
            final int lengthBytes,
            final long nowNs) {
        if (kind >= KINDS_MAX || handlers[kind] == null) {
            counters.increment(GossipCounter.DROPPED_KIND);
            return;
        }
        final long id = rumors.idOf(kind, buffer, offset, lengthBytes);
        if (rumors.isKnown(id)) {
            counters.increment(GossipCounter.RUMORS_DUPLICATE);
            return;
        }
        if (!checks.has(senderId, nowNs)) {
            counters.increment(GossipCounter.DROPPED_CHECK_BUDGET);
            return;
        }
        switch (handlers[kind].onRecord(senderId, buffer, offset, lengthBytes, nowNs)) {
            case NEW -> {
                counters.increment(GossipCounter.RUMORS_NEW);
                // A liar may claim any ttl; ours bounds it.
                takeIn(id, kind, Math.min(ttl, context.ttl()) - 1, buffer, offset, lengthBytes, senderId);
            }
            case OLD -> {
                counters.increment(GossipCounter.RUMORS_OLD);
                rumors.remember(id);
            }
            default -> {
                counters.increment(GossipCounter.RUMORS_INVALID);
                checks.take(senderId, nowNs);
            }
        }
    }

    /** Somebody names rumors that it has: asks for those not known here, each once an interval. */
    void onNotice(final int senderId, final DirectBuffer ids, final int offset, final int count) {
        int wanted = 0;
        for (int i = 0; i < count && isAskable(senderId); i++) {
            final long id = ids.getLong(offset + i * Long.BYTES, ByteOrder.LITTLE_ENDIAN);
            if (!rumors.isKnown(id) && requested.add(id)) {
                askedOf[senderId]++;
                listed[wanted++] = id;
            }
        }
        if (wanted > 0) {
            counters.increment(GossipCounter.REQUESTS_SENT);
            publisher.rumorRequest(senderId, listed, wanted);
        }
    }

    /** Somebody asks for rumors; those that are still kept are sent. */
    void onRequest(final int senderId, final DirectBuffer ids, final int offset, final int count) {
        for (int i = 0; i < count; i++) {
            final int slot = rumors.slotOf(ids.getLong(offset + i * Long.BYTES, ByteOrder.LITTLE_ENDIAN));
            if (slot >= 0) {
                counters.increment(GossipCounter.REQUESTS_SERVED);
                send(senderId, slot);
            }
        }
    }

    /** Sends what is due: at most one notice an interval. */
    public int onTick(final long nowNs) {
        if (isStarted && nowNs - noticeAtNs < 0) {
            return 0;
        }
        isStarted = true;
        noticeAtNs = nowNs + context.noticeIntervalNs();
        requested.clear();
        Arrays.fill(askedOf, 0);
        int count = 0;
        for (int slot = 0; slot < rumors.slots() && count < listed.length; slot++) {
            if (rumors.isDue(slot)) {
                rumors.roundDone(slot);
                listed[count++] = rumors.id(slot);
            }
        }
        if (count == 0 || sampler.size() == 0) {
            return 0;
        }
        // In turn, not at random: so every neighbour hears of every rumor.
        do {
            noticeTurn = (noticeTurn + 1) % context.peerCount();
        } while (!sampler.contains(noticeTurn));
        counters.increment(GossipCounter.NOTICES_SENT);
        publisher.rumorNotice(noticeTurn, listed, count);
        return 1;
    }

    /** Rumor ids that are remembered; bounded by the settings. */
    public int knownCount() {
        return rumors.size();
    }

    /** Invented ids fill one message an interval and no more, and never the places of all other peers. */
    private boolean isAskable(final int senderId) {
        return askedOf[senderId] < listed.length && requested.size() < REQUESTS_FACTOR * listed.length;
    }

    private int takeIn(
            final long id,
            final int kind,
            final int ttl,
            final DirectBuffer record,
            final int offset,
            final int lengthBytes,
            final int senderId) {
        rumors.remember(id);
        final int slot = rumors.keep(id, kind, Math.max(ttl, 0), record, offset, lengthBytes, context.noticeRounds());
        if (ttl <= 0) {
            return 0;
        }
        final int count = sampler.sample(targets, context.fanout(), senderId);
        int sent = 0;
        for (int i = 0; i < count; i++) {
            sent += send(targets[i], slot) ? 1 : 0;
        }
        return sent;
    }

    private boolean send(final int peerId, final int slot) {
        final boolean isSent = publisher.rumor(
                peerId,
                rumors.kind(slot),
                Math.max(1, rumors.ttl(slot)),
                rumors.records(),
                rumors.offset(slot),
                rumors.length(slot));
        counters.increment(isSent ? GossipCounter.RUMORS_SENT : GossipCounter.RUMORS_REFUSED);
        return isSent;
    }
}
