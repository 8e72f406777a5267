package io.quorate.engine.node;

import io.quorate.engine.membership.MemberTable;
import io.quorate.engine.membership.PartitionGuard;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLongArray;

/** How a node sees its mesh; the node's thread writes, any thread reads. Each field is current by itself, not together with others. */
public final class MeshView {
    private static final MemberTable.State[] STATES = MemberTable.State.values();

    private final AtomicIntegerArray states;
    private final AtomicIntegerArray reputations;
    private final AtomicLongArray announced;
    private final AtomicLongArray roundTrips;
    private final long graceNs;
    private volatile boolean isWritable;
    private volatile boolean isJoined;
    private volatile PartitionGuard.Refusal refusal;
    private volatile int health;

    MeshView(final int memberCount, final long graceNs) {
        this.graceNs = graceNs;
        roundTrips = new AtomicLongArray(memberCount);
        states = new AtomicIntegerArray(memberCount);
        reputations = new AtomicIntegerArray(memberCount);
        announced = new AtomicLongArray(memberCount);
    }

    public int memberCount() {
        return states.length();
    }

    public MemberTable.State state(final int memberId) {
        return STATES[states.get(memberId)];
    }

    /** Members in a state. */
    public int count(final MemberTable.State state) {
        int count = 0;
        for (int id = 0; id < states.length(); id++) {
            count += states.get(id) == state.ordinal() ? 1 : 0;
        }
        return count;
    }

    /** 0 to 1000; what this node has seen of a member, and nobody's vote. */
    public int reputation(final int memberId) {
        return reputations.get(memberId);
    }

    /** How long the newest ping of a member took to be answered; 0 before the first. */
    public long roundTripNs(final int memberId) {
        return roundTrips.get(memberId);
    }

    /** Number of the newest announcement of a member that is known here; 0 if there is none. */
    public long announced(final int memberId) {
        return announced.get(memberId);
    }

    /** True while this node reaches a quorum; else reads are stale and writes refused. */
    public boolean isWritable() {
        return isWritable;
    }

    /** Why a write is refused now, or null. */
    public PartitionGuard.Refusal refusal() {
        return refusal;
    }

    /**
     * Why this node is not on the side of a quorum, or null. Only what has lasted for a period counts, so that a few lost packets are not
     * taken for a split; and only of a group that had formed: before that, and after a stop of the own process, whoever waits is served.
     *
     * @param nowNs monotonic
     */
    public PartitionGuard.Refusal minority(final long nowNs) {
        final PartitionGuard.Refusal current = refusal;
        return current != null
                        && current.reason() == PartitionGuard.Reason.MINORITY
                        && nowNs - current.staleSinceNs() >= graceNs
                ? current
                : null;
    }

    /** True once a seed has answered. */
    public boolean isJoined() {
        return isJoined;
    }

    /** How much this node distrusts itself, 0 to 8. */
    public int health() {
        return health;
    }

    void state(final int memberId, final MemberTable.State state) {
        states.set(memberId, state.ordinal());
    }

    void reputation(final int memberId, final int value) {
        reputations.set(memberId, value);
    }

    void roundTrip(final int memberId, final long lengthNs) {
        roundTrips.set(memberId, lengthNs);
    }

    void announced(final int memberId, final long number) {
        announced.set(memberId, number);
    }

    /** @param newRefusal null if writes are allowed */
    void guard(final PartitionGuard.Refusal newRefusal) {
        refusal = newRefusal;
        isWritable = newRefusal == null;
    }

    void self(final boolean hasJoined, final int newHealth) {
        isJoined = hasJoined;
        health = newHealth;
    }
}
