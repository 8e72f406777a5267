package io.quorate.engine.membership;

import java.util.Arrays;

/**
 * What one member knows of all: each one's newest record and what is thought of it. Its consensus thread only. The hash covers
 * records and deaths, so that two members find out in eight bytes whether they know the same.
 *
 * <p>docs/protocols/membership.md, section 2. Nobody is ever forgotten: that is how a split of any length heals.
 */
public final class MemberTable {
    /** What is thought of a member. */
    public enum State {
        /** No record of it has come. */
        UNKNOWN,
        ALIVE,
        /** The own probe failed, or f+1 accuse it: an opinion. */
        SUSPECT,
        /** A quorum of its observers accuses it: proven, until it signs a newer record. */
        FAULTY,
        /** It says so itself. */
        LEFT
    }

    /** Hears of every change of state. */
    @FunctionalInterface
    public interface Listener {
        void onState(int memberId, State before, State after, long nowNs);

        /** A ping of this member's own turn was answered after so long. */
        default void onAnswered(final int memberId, final long roundTripNs, final long nowNs) {}
    }

    /** Members whose ids are equal modulo this share a hash. */
    public static final int BUCKETS = 64;

    private static final long FAULTY_MARK = 0x5FA0170000000001L;
    private static final State[] STATES = State.values();

    private final Member[] records;
    private final byte[] states;
    private final long[] bucketHashes = new long[BUCKETS];
    private final int[] counts = new int[STATES.length];
    private final Listener listener;
    private long hash;

    MemberTable(final int memberCount, final Listener listener) {
        records = new Member[memberCount];
        states = new byte[memberCount];
        counts[State.UNKNOWN.ordinal()] = memberCount;
        this.listener = listener;
    }

    /** The finaliser of SplitMix64 (Steele, Lea, Flood, 2014). */
    static long mix(final long value) {
        long z = value + 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    public int memberCount() {
        return records.length;
    }

    /** The newest record; null if none has come. */
    public Member record(final int memberId) {
        return records[memberId];
    }

    public State state(final int memberId) {
        return STATES[states[memberId]];
    }

    /** Incarnation of the newest record; 0 if none has come. */
    public long incarnation(final int memberId) {
        return records[memberId] == null ? 0 : records[memberId].incarnation();
    }

    /** How many members are in a state. */
    public int count(final State state) {
        return counts[state.ordinal()];
    }

    /** True if the member takes part as far as is known: alive or suspect. */
    public boolean isPresent(final int memberId) {
        final State state = state(memberId);
        return state == State.ALIVE || state == State.SUSPECT;
    }

    /** Alive and suspect members. */
    public int presentCount() {
        return count(State.ALIVE) + count(State.SUSPECT);
    }

    /** Bytes that the table takes, of n members: linear, and the same for each. */
    public long memoryBytes() {
        final int objectBytes = 24 + 40 + 16 + Member.ENTRY_LENGTH;
        return (long) records.length * (Integer.BYTES + 1 + objectBytes) + BUCKETS * Long.BYTES;
    }

    long hash() {
        return hash;
    }

    long bucketHash(final int bucket) {
        return bucketHashes[bucket];
    }

    /** True if the record replaces what is held. */
    boolean isNews(final Member member) {
        final Member held = records[member.id()];
        return held == null || member.isNewerThan(held);
    }

    /** A ping of this member's own turn was answered. */
    void answered(final int memberId, final long roundTripNs, final long nowNs) {
        listener.onAnswered(memberId, roundTripNs, nowNs);
    }

    /** Takes a record that is news and whose signature holds; whatever was thought of its owner is over. */
    void put(final Member member, final long nowNs) {
        final int memberId = member.id();
        fold(memberId);
        records[memberId] = member;
        final State before = state(memberId);
        final State after = member.status() == Member.Status.LEFT ? State.LEFT : State.ALIVE;
        states[memberId] = (byte) after.ordinal();
        fold(memberId);
        changed(memberId, before, after, nowNs);
    }

    /** An alive member is doubted. */
    void suspect(final int memberId, final long nowNs) {
        if (state(memberId) == State.ALIVE) {
            become(memberId, State.SUSPECT, nowNs);
        }
    }

    /** A suspect is doubted no more. */
    void trust(final int memberId, final long nowNs) {
        if (state(memberId) == State.SUSPECT) {
            become(memberId, State.ALIVE, nowNs);
        }
    }

    /** A quorum has proven a member of that kind faulty. */
    void fault(final int memberId, final long nowNs) {
        if (isPresent(memberId)) {
            become(memberId, State.FAULTY, nowNs);
        }
    }

    private void become(final int memberId, final State after, final long nowNs) {
        final State before = state(memberId);
        fold(memberId);
        states[memberId] = (byte) after.ordinal();
        fold(memberId);
        changed(memberId, before, after, nowNs);
    }

    private void changed(final int memberId, final State before, final State after, final long nowNs) {
        counts[before.ordinal()]--;
        counts[after.ordinal()]++;
        if (before != after) {
            listener.onState(memberId, before, after, nowNs);
        }
    }

    /** Adds what is held of a member to the hashes, or takes it out again. */
    private void fold(final int memberId) {
        if (records[memberId] != null) {
            final long own = records[memberId].hash();
            final long part = state(memberId) == State.FAULTY ? mix(own ^ FAULTY_MARK) : own;
            hash ^= part;
            bucketHashes[memberId % BUCKETS] ^= part;
        }
    }

    /** Takes over records that this member held, and had checked, before: a start out of a file, or of a simulation. */
    void load(final Member[] held) {
        if (Arrays.stream(records).anyMatch(record -> record != null)) {
            throw new IllegalStateException("records are loaded into an empty table");
        }
        for (final Member member : held) {
            put(member, 0);
        }
    }
}
