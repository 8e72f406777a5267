package io.quorate.engine.decision;

import io.quorate.engine.coordination.CoordinatorContext;
import io.quorate.engine.coordination.Round;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The whole state of the decision machine: open rounds in the order in which they opened, and the last closed ones in the order
 * in which they closed. Every list is bounded.
 */
final class RoundTable implements AutoCloseable {
    private final DecisionContext context;
    private final Map<String, Open> open = new LinkedHashMap<>();
    private final Map<String, Closed> closed = new LinkedHashMap<>();
    private final ArrayDeque<Round> spare = new ArrayDeque<>();
    private final int[] openedBy;

    private long closedTotal;
    private long conflictTotal;

    /** One open round. */
    static final class Open {
        final Round round;
        final long sequence;
        final int openedBy;
        final BitSet deadlines = new BitSet();

        Open(final Round round, final long sequence, final int openedBy) {
            this.round = round;
            this.sequence = sequence;
            this.openedBy = openedBy;
        }
    }

    /** What is remembered of a closed round. */
    record Closed(String name, long sequence, Decision.Status status, byte[] digest) {}

    RoundTable(final DecisionContext context) {
        this.context = context;
        openedBy = new int[context.coordinator().peerCount()];
    }

    Open open(final String name) {
        return open.get(name);
    }

    Closed closed(final String name) {
        return closed.get(name);
    }

    List<Open> openRounds() {
        return new ArrayList<>(open.values());
    }

    List<Closed> closedRounds() {
        return new ArrayList<>(closed.values());
    }

    int openCount() {
        return open.size();
    }

    int closedCount() {
        return closed.size();
    }

    long closedTotal() {
        return closedTotal;
    }

    long conflictTotal() {
        return conflictTotal;
    }

    void totals(final long closedTotal, final long conflictTotal) {
        this.closedTotal = closedTotal;
        this.conflictTotal = conflictTotal;
    }

    void countConflict() {
        conflictTotal++;
    }

    /** True if this peer may open one round more. */
    boolean mayOpen(final int peerId) {
        return openedBy[peerId] < context.roundsPerPeerMax();
    }

    Open begin(final String name, final long sequence, final int peerId) {
        final CoordinatorContext settings = context.coordinator();
        final Round round = spare.isEmpty() ? new Round(settings) : spare.pop();
        round.open(name);
        final Open begun = new Open(round, sequence, peerId);
        open.put(name, begun);
        openedBy[peerId]++;
        return begun;
    }

    /** Moves a round from the open to the closed ones; its memory is used again. */
    void end(final Open ended, final Closed result) {
        open.remove(result.name());
        openedBy[ended.openedBy]--;
        spare.push(ended.round);
        closedTotal++;
        remember(result);
    }

    /** Adds a closed round and forgets the oldest where there are too many. */
    void remember(final Closed result) {
        closed.put(result.name(), result);
        if (closed.size() > context.closedRoundsMax()) {
            closed.remove(closed.keySet().iterator().next());
        }
    }

    @Override
    public void close() {
        open.values().forEach(one -> one.round.close());
        open.clear();
        spare.forEach(Round::close);
        spare.clear();
    }
}
