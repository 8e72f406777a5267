package io.quorate.engine.pbft;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.epoch.EpochMachine;
import io.quorate.engine.epoch.EpochState;
import io.quorate.engine.metrics.PbftCounter;
import io.quorate.engine.ordering.Digest256;
import io.quorate.engine.ordering.StateMachine;
import io.quorate.transport.auth.Roster;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** A group of replicas under virtual time with a seeded network; checks agreement and equal checkpoints at each event. */
final class TestGroup {
    static final long MS = 1_000_000L;

    /** Decides what happens to a message; the default delivers all. */
    interface Filter {
        boolean passes(int fromId, int toId, int templateId, UnsafeBuffer message);
    }

    private record Flight(long atNs, long order, int fromId, int toId, UnsafeBuffer bytes) {}

    final SymbolicKeys keys = new SymbolicKeys();
    final TestPeer[] peers;
    final Map<Long, String> committed = new LinkedHashMap<>();
    final Map<Long, String> stable = new LinkedHashMap<>();
    final int[] sentByTemplate = new int[100];
    Filter filter = (fromId, toId, templateId, message) -> true;
    final Roster roster;

    /** What the epoch begins with, if it is not the first. */
    final OpeningBytes opening;

    /** The peers that have that state at their first start. */
    private final long openingHolders;

    record OpeningBytes(long sequence, Digest256 stateDigest, DirectBuffer snapshot, int lengthBytes) {}

    /** Makes a broken twin: no replica looks where its epoch ends. */
    boolean isEndIgnored;

    double loss;
    double duplicate;
    long delayMinNs = 100_000;
    long delayMaxNs = 300_000;

    /** How much longer what each peer says takes. */
    final long[] heldBackNs;

    long nowNs = 1_000_000_000L;

    /** What a peer's one thread spends on a message and on a signature; it handles nothing else meanwhile. */
    long messageCostNs;

    long checkCostNs;
    private final long[] busyUntilNs;
    private final List<ArrayDeque<Flight>> queues = new ArrayList<>();

    private final PriorityQueue<Flight> flights = new PriorityQueue<>(
            (a, b) -> a.atNs != b.atNs ? Long.compare(a.atNs, b.atNs) : Long.compare(a.order, b.order));
    private final SplittableRandom random;
    private final UnaryOperator<PbftContext> settings;
    private final MessageHeaderDecoder header = new MessageHeaderDecoder();
    private long order;
    private long nextTickNs = nowNs;
    private final TestJournal[] journals;
    private int starts;

    TestGroup(final int peerCount, final long seed) {
        this(peerCount, seed, context -> context);
    }

    TestGroup(final int peerCount, final long seed, final UnaryOperator<PbftContext> settings) {
        this(peerCount, seed, settings, null, false);
    }

    /** With a roster its peers can be asked for another one. */
    TestGroup(final int peerCount, final long seed, final UnaryOperator<PbftContext> settings, final Roster roster) {
        this(peerCount, seed, settings, roster, false);
    }

    /** A group whose peers keep journals. */
    static TestGroup durable(final int peerCount, final long seed) {
        return new TestGroup(peerCount, seed, context -> context, null, true);
    }

    private TestGroup(
            final int peerCount,
            final long seed,
            final UnaryOperator<PbftContext> settings,
            final Roster roster,
            final boolean isDurable) {
        this(peerCount, seed, settings, roster, isDurable, null, 0);
    }

    /** In an epoch that is not the first. */
    TestGroup(
            final int peerCount,
            final long seed,
            final UnaryOperator<PbftContext> settings,
            final Roster roster,
            final boolean isDurable,
            final OpeningBytes opening,
            final long openingHolders) {
        this.roster = roster;
        this.opening = opening;
        this.openingHolders = openingHolders;
        journals = new TestJournal[peerCount];
        for (int id = 0; isDurable && id < peerCount; id++) {
            journals[id] = new TestJournal();
        }
        random = new SplittableRandom(seed);
        this.settings = settings;
        peers = new TestPeer[peerCount];
        heldBackNs = new long[peerCount];
        busyUntilNs = new long[peerCount];
        for (int id = 0; id < peerCount; id++) {
            queues.add(new ArrayDeque<>());
        }
        for (int id = 0; id < peerCount; id++) {
            peers[id] = start(id, true);
        }
    }

    StateMachine machine(final StateMachine inner, final PbftContext context) {
        return roster == null
                ? inner
                : new EpochMachine(
                        roster,
                        keys,
                        context.checkpointInterval(),
                        2 * context.checkpointInterval(),
                        next -> true,
                        inner);
    }

    long lastSequence(final DirectBuffer snapshot, final int offset, final int lengthBytes) {
        return roster == null || isEndIgnored ? Long.MAX_VALUE : EpochState.lastSequence(snapshot, offset, lengthBytes);
    }

    private TestPeer start(final int id, final boolean isFirstStart) {
        starts++;
        final PbftContext context = new PbftContext()
                .peerCount(peers.length)
                .selfId(id)
                .random(random.split())
                .isFirstStart(isFirstStart)
                .firstRequestNumber(starts * 1_000_000L)
                .checkpointInterval(8)
                .retransmitNs(5 * MS)
                .retransmitMaxNs(40 * MS)
                .statusIntervalNs(20 * MS)
                .viewChangeTimeoutNs(100 * MS)
                .viewChangeTimeoutMaxNs(1000 * MS)
                .stateTransferDelayNs(50 * MS)
                .messageLengthMax(64 * 1024)
                .requestLengthMax(16 * 1024)
                .batchBytesMax(32 * 1024)
                .pageLength(256);
        return new TestPeer(this, settings.apply(context).conclude(), journals[id]);
    }

    /** True if a peer that starts now has the state that the epoch begins with. */
    boolean isHolder(final int id) {
        return peers[id] == null && (openingHolders >>> id & 1) == 1;
    }

    /** What a peer has written down; null in a group of memory-only peers. */
    TestJournal journal(final int id) {
        return journals[id];
    }

    void crash(final int id) {
        peers[id].isAlive = false;
    }

    /** Starts a crashed peer again with nothing but its key and its journal, if it has one. */
    void restart(final int id) {
        peers[id] = start(id, false);
    }

    long submit(final int id, final String text) {
        final UnsafeBuffer bytes = new UnsafeBuffer(text.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        return peers[id].client.submit(bytes, 0, bytes.capacity(), nowNs);
    }

    boolean send(final int fromId, final int toId, final DirectBuffer message, final int offset, final int length) {
        final byte[] bytes = new byte[length];
        message.getBytes(offset, bytes);
        deliver(fromId, toId, new UnsafeBuffer(bytes));
        return true;
    }

    /** Puts bytes on the wire as if {@code fromId} had sent them. */
    void deliver(final int fromId, final int toId, final UnsafeBuffer bytes) {
        header.wrap(bytes, 0);
        sentByTemplate[header.templateId()]++;
        if (!filter.passes(fromId, toId, header.templateId(), bytes) || random.nextDouble() < loss) {
            return;
        }
        final int copies = random.nextDouble() < duplicate ? 2 : 1;
        for (int i = 0; i < copies; i++) {
            final long atNs = nowNs + heldBackNs[fromId] + delayMinNs + random.nextLong(delayMaxNs - delayMinNs + 1);
            flights.add(new Flight(atNs, order++, fromId, toId, bytes));
        }
    }

    void runFor(final long durationNs) {
        final long untilNs = nowNs + durationNs;
        while (nowNs < untilNs) {
            step(untilNs);
        }
    }

    /** Runs until the condition holds, or fails after so much virtual time. */
    void runUntil(final java.util.function.BooleanSupplier condition, final long limitNs) {
        final long untilNs = nowNs + limitNs;
        while (!condition.getAsBoolean()) {
            assertThat(nowNs).as("reached in time; " + this).isLessThan(untilNs);
            step(untilNs);
        }
    }

    private void step(final long untilNs) {
        if (drain(untilNs)) {
            return;
        }
        final Flight next = flights.peek();
        if (next != null && next.atNs <= nextTickNs) {
            flights.poll();
            nowNs = Math.max(nowNs, next.atNs);
            if (peers[next.toId].isAlive) {
                arrive(next);
            }
        } else {
            nowNs = Math.min(nextTickNs, untilNs);
            if (nowNs == nextTickNs) {
                nextTickNs += MS;
                for (final TestPeer peer : peers) {
                    if (peer.isAlive) {
                        peer.tick(nowNs);
                    }
                }
            }
        }
    }

    private void arrive(final Flight flight) {
        final ArrayDeque<Flight> queue = queues.get(flight.toId);
        if (busyUntilNs[flight.toId] > nowNs || !queue.isEmpty()) {
            queue.add(flight);
        } else {
            handle(flight);
        }
    }

    /** Lets a peer handle a message, which keeps it busy; what comes meanwhile stands in its queue. */
    private void handle(final Flight flight) {
        final TestPeer receiver = peers[flight.toId];
        final long checksBefore = keys.checkCount;
        receiver.adapter.onMessage(flight.fromId, flight.bytes, 0, flight.bytes.capacity(), nowNs);
        receiver.work();
        busyUntilNs[flight.toId] = nowNs + messageCostNs + (keys.checkCount - checksBefore) * checkCostNs;
    }

    /** Wakes peers whose time has come and that have something in their queue. */
    private boolean drain(final long untilNs) {
        int first = -1;
        for (int id = 0; id < peers.length; id++) {
            if (!queues.get(id).isEmpty() && (first < 0 || busyUntilNs[id] < busyUntilNs[first])) {
                first = id;
            }
        }
        final Flight next = flights.peek();
        if (first < 0
                || busyUntilNs[first] > Math.min(untilNs, nextTickNs)
                || (next != null && next.atNs < busyUntilNs[first])) {
            return false;
        }
        nowNs = Math.max(nowNs, busyUntilNs[first]);
        final Flight flight = queues.get(first).poll();
        if (peers[first].isAlive) {
            handle(flight);
        }
        return true;
    }

    void onCommitted(final long sequence, final String digest) {
        final String before = committed.putIfAbsent(sequence, digest);
        assertThat(before == null || before.equals(digest))
                .as("one digest commits at sequence " + sequence)
                .isTrue();
    }

    void onStable(final long sequence, final String digest) {
        final String before = stable.putIfAbsent(sequence, digest);
        assertThat(before == null || before.equals(digest))
                .as("one state at checkpoint " + sequence)
                .isTrue();
    }

    /** Every living peer applied the same, in the same order. */
    void assertSameHistories() {
        List<String> expected = null;
        for (final TestPeer peer : peers) {
            if (peer.isAlive) {
                expected = expected == null ? peer.register.applied : expected;
                assertThat(peer.register.applied)
                        .as("history of peer " + peer.id)
                        .isEqualTo(expected);
                assertThat(peer.register.applied).as("exactly once").doesNotHaveDuplicates();
            }
        }
    }

    boolean allApplied(final int count) {
        for (final TestPeer peer : peers) {
            if (peer.isAlive && peer.register.applied.size() < count) {
                return false;
            }
        }
        return true;
    }

    long count(final int id, final PbftCounter counter) {
        return peers[id].replica.counters().get(counter);
    }

    long view(final int id) {
        return peers[id].replica.view();
    }

    @Override
    public String toString() {
        final List<String> lines = new ArrayList<>();
        for (final TestPeer peer : peers) {
            final StringBuilder counts = new StringBuilder();
            for (final PbftCounter counter : PbftCounter.values()) {
                final long value = peer.replica.counters().get(counter);
                if (value > 0) {
                    counts.append(' ').append(counter).append('=').append(value);
                }
            }
            lines.add("peer " + peer.id + (peer.isAlive ? "" : " (down)") + " view " + peer.replica.view()
                    + (peer.replica.isActive() ? "" : " (changing)")
                    + (peer.replica.isVoting() ? "" : " (no vote until " + peer.replica.recoverySequence() + ")")
                    + " stable " + peer.replica.stableSequence() + " committed "
                    + peer.replica.committedSequence() + " executed " + peer.replica.executedSequence() + " waiting "
                    + peer.replica.waitingCount() + " applied " + peer.register.applied.size() + counts);
        }
        return "at " + nowNs / MS + " ms\n" + String.join("\n", lines);
    }
}
