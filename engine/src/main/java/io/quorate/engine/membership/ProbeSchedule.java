package io.quorate.engine.membership;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Whom to ping next, and which probes are under way. Pings go in turn to the successor in the ring, which bounds the wait for a
 * crashed member's first probe while its predecessor is correct, and to the next of a permutation of all others, which bounds it
 * when it is not (SWIM, section 4.3). Neither takes memory a member: both walk the ids in steps that are coprime to their number.
 */
final class ProbeSchedule {
    /** Why a member was pinged. */
    enum Kind {
        /** Its turn came. */
        DIRECT,
        /** It did not answer; helpers are asked. */
        INDIRECT,
        /** Others accuse it. */
        CONFIRM,
        /** The guard wants to know who is reached. */
        CALL,
        /** It is lost and looked for. */
        SEARCH,
        /** Another member asked for help. */
        HELP
    }

    /** One ping that waits for its ack; reused. */
    static final class Probe {
        Kind kind;
        int subjectId;
        int number;
        long deadlineNs;
        long sentNs;

        /** Anything at all came from the subject meanwhile. */
        boolean isHeard;

        /** Of a CONFIRM: the time for an ack is over, that for a sign of life is not. */
        boolean isPatient;

        /** Of a HELP: who asked, and its number. */
        int askerId;

        int askerNumber;

        final int[] helpers = new int[HELPERS_MAX];
        int helperCount;
        int reports;
        int answered;
    }

    static final int HELPERS_MAX = 16;
    private static final int PROBES_MAX = 256;
    private static final int HELP_PER_ASKER_MAX = 16;

    private final int selfId;
    private final int memberCount;
    private final RandomGenerator random;
    private final int ringStride;
    private final List<Probe> underWay = new ArrayList<>();
    private final List<Probe> pool = new ArrayList<>();
    private boolean isRingsTurn = true;
    private int walkStart;
    private int walkStride = 1;
    private int walkStep;
    private int searchId;
    private int numberNext = 1;

    ProbeSchedule(final MembershipContext context, final RandomGenerator random) {
        selfId = context.selfId();
        memberCount = context.memberCount();
        this.random = random;
        ringStride = coprime(MemberTable.mix(context.epoch()), memberCount);
        walkStep = memberCount;
        searchId = selfId;
    }

    /** A step that visits all of {@code count} places, by a hash. */
    static int coprime(final long hash, final int count) {
        int stride = 1 + (int) Long.remainderUnsigned(hash, count - 1);
        while (gcd(stride, count) != 1) {
            stride = stride % (count - 1) + 1;
        }
        return stride;
    }

    private static int gcd(final int a, final int b) {
        return b == 0 ? a : gcd(b, a % b);
    }

    /** Whose turn it is; -1 if nobody else is present. */
    int nextSubject(final MemberTable table) {
        isRingsTurn = !isRingsTurn;
        return isRingsTurn ? nextOfWalk(table) : successor(table);
    }

    /** The next present member in the ring; -1 if there is none. */
    int successor(final MemberTable table) {
        int id = selfId;
        for (int step = 1; step < memberCount; step++) {
            id = (id + ringStride) % memberCount;
            if (table.isPresent(id)) {
                return id;
            }
        }
        return -1;
    }

    private int nextOfWalk(final MemberTable table) {
        for (int tries = 0; tries < 2 * memberCount; tries++) {
            if (walkStep == memberCount) {
                walkStep = 0;
                walkStart = random.nextInt(memberCount);
                walkStride = coprime(random.nextLong(), memberCount);
            }
            final int id = (int) ((walkStart + (long) walkStep++ * walkStride) % memberCount);
            if (id != selfId && table.isPresent(id)) {
                return id;
            }
        }
        return -1;
    }

    /** The next member that is lost: unreachable, doubted, faulty or never heard of; -1 if nobody is. */
    int nextLost(final MemberTable table, final PartitionGuard guard) {
        for (int step = 0; step < memberCount; step++) {
            searchId = searchId + 1 == memberCount ? 0 : searchId + 1;
            if (isLost(searchId, table, guard)) {
                return searchId;
            }
        }
        return -1;
    }

    boolean isLost(final int memberId, final MemberTable table, final PartitionGuard guard) {
        if (memberId == selfId) {
            return false;
        }
        return switch (table.state(memberId)) {
            case LEFT -> false;
            case ALIVE -> guard.isLost(memberId);
            case UNKNOWN, SUSPECT, FAULTY -> true;
        };
    }

    /** Notes a ping that is about to leave; null if too many are under way. */
    Probe begin(final Kind kind, final int subjectId, final long deadlineNs) {
        if (underWay.size() == PROBES_MAX) {
            return null;
        }
        final Probe probe = pool.isEmpty() ? new Probe() : pool.removeLast();
        probe.kind = kind;
        probe.subjectId = subjectId;
        probe.number = numberNext++;
        probe.deadlineNs = deadlineNs;
        probe.isHeard = false;
        probe.isPatient = false;
        probe.helperCount = 0;
        probe.reports = 0;
        probe.answered = 0;
        underWay.add(probe);
        return probe;
    }

    int underWayCount() {
        return underWay.size();
    }

    Probe underWay(final int index) {
        return underWay.get(index);
    }

    /**
     * The last one takes the place of the one that ends, which stays as it is until {@link #release}: what is concluded from it may
     * begin others.
     */
    Probe end(final int index) {
        final Probe probe = underWay.get(index);
        final Probe last = underWay.removeLast();
        if (last != probe) {
            underWay.set(index, last);
        }
        return probe;
    }

    /** A probe that has ended, and of which nothing is asked any more, may be used again. */
    void release(final Probe probe) {
        pool.add(probe);
    }

    /** The probe of this kind and subject; null if there is none. */
    Probe find(final Kind kind, final int subjectId) {
        for (int i = 0; i < underWay.size(); i++) {
            final Probe probe = underWay.get(i);
            if (probe.subjectId == subjectId && probe.kind == kind) {
                return probe;
            }
        }
        return null;
    }

    /** True if any own ping to the subject waits for its ack. */
    boolean isUnderWay(final int subjectId) {
        for (int i = 0; i < underWay.size(); i++) {
            if (underWay.get(i).subjectId == subjectId && underWay.get(i).kind != Kind.HELP) {
                return true;
            }
        }
        return false;
    }

    /** False if the asker has as many requests here as it may. */
    boolean mayHelp(final int askerId) {
        int count = 0;
        for (int i = 0; i < underWay.size(); i++) {
            count += underWay.get(i).kind == Kind.HELP && underWay.get(i).askerId == askerId ? 1 : 0;
        }
        return count < HELP_PER_ASKER_MAX;
    }

    /** A message of any kind came from a member. */
    void onHeard(final int memberId) {
        for (int i = 0; i < underWay.size(); i++) {
            if (underWay.get(i).subjectId == memberId) {
                underWay.get(i).isHeard = true;
            }
        }
    }

    long deadlineNs() {
        long deadlineNs = Long.MAX_VALUE;
        for (int i = 0; i < underWay.size(); i++) {
            deadlineNs = Math.min(deadlineNs, underWay.get(i).deadlineNs);
        }
        return deadlineNs;
    }
}
