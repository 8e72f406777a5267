package io.quorate.engine.mesh;

import io.quorate.engine.membership.MemberTable;
import io.quorate.engine.membership.MembershipContext;
import io.quorate.engine.membership.Swim;
import io.quorate.engine.quorum.Quorum;
import java.util.Arrays;
import java.util.Locale;

/**
 * Judges a run of {@link MeshSchedules}: knows which links are whole, who lies and what everybody signed, as nobody inside can.
 * Sets of members are bits of a long. docs/protocols/membership.md, section 12, has each property in words.
 */
final class MeshChecker implements MeshWorld.Witness {
    private static final long ANYBODY = -1;
    private static final long PRESENT = Long.MAX_VALUE;
    private static final long LONG_AGO = Long.MIN_VALUE / 2;

    /** Periods after which not both of two sides may write: 2.5 s with profile lan. */
    static final int KNOWN_PERIODS = 5;

    /** Periods after which no member may write that reaches fewer than a quorum. */
    private static final int MINORITY_PERIODS = 12;

    /** Records that accusers without a correct one among them can make a member sign, in one life and beside one each 64 T. */
    private static final int REFUTATIONS_FREE = 8;

    private static final int PAUSE_PERIODS_MAX = 64;

    /** Packets of a correct member in one period, at most, a member of the mesh, and beside those. */
    static final int PACKETS_PER_MEMBER_MAX = 16;

    private static final int PACKETS_BESIDE_MAX = 64;
    private static final long SLACK_NS = 1_000_000;

    private final MeshWorld world;
    private final int memberCount;
    private final Quorum quorum;
    private final long periodNs;
    private final long ackNs;
    private final long everybody;
    private final long liars;

    /** A member: what it signed last and at most, and who may rightly have lost it since it did. */
    private final long[] signedLast;

    private final long[] signedMost;
    private final long[] signedAtNs;
    private final long[] excused;
    private final long[] links;

    /** A member: records that it may sign because its process was stopped, begun or its clock moved. */
    private final int[] renewals;

    private final int[] refutations;
    private final int[] lives;
    private final long[] absentSinceNs;
    private final boolean[] wasRunning;
    private final long[] disturbedNs;
    private final long[][] deadIncarnation;
    private final long[][] partedNs;
    private final long[] reached;
    private final long[] packetsBefore;
    private long periodBeginNs;
    private double packetsMost;
    private boolean isQuiet;
    private String property;
    private String statement;

    MeshChecker(final MeshWorld world) {
        this.world = world;
        memberCount = world.memberCount();
        quorum = Quorum.of(memberCount);
        final MembershipContext context = new MembershipContext()
                .memberCount(memberCount)
                .selfId(0)
                .profile(world.profile())
                .conclude();
        periodNs = context.periodNs();
        ackNs = context.ackNs();
        everybody = (1L << memberCount) - 1;
        long set = 0;
        for (int id = 0; id < memberCount; id++) {
            set |= world.member(id).isLiar() ? 1L << id : 0;
        }
        liars = set;
        signedLast = new long[memberCount];
        signedMost = new long[memberCount];
        signedAtNs = new long[memberCount];
        excused = new long[memberCount];
        links = new long[memberCount];
        renewals = new int[memberCount];
        refutations = new int[memberCount];
        lives = new int[memberCount];
        absentSinceNs = new long[memberCount];
        Arrays.fill(absentSinceNs, PRESENT);
        wasRunning = new boolean[memberCount];
        disturbedNs = new long[memberCount];
        deadIncarnation = new long[memberCount][memberCount];
        partedNs = new long[memberCount][memberCount];
        reached = new long[memberCount];
        packetsBefore = new long[memberCount];
        for (final long[] since : partedNs) {
            Arrays.fill(since, LONG_AGO);
        }
        Arrays.fill(excused, ANYBODY);
        seeLinks();
        world.witness(this);
    }

    String property() {
        return property;
    }

    String statement() {
        return statement;
    }

    double packetsMost() {
        return packetsMost;
    }

    /** The first failure is the one that counts. */
    void fail(final String newProperty, final String newStatement) {
        if (property == null) {
            property = newProperty;
            statement = newStatement;
            world.halt();
            if (world.trace().isReadable()) {
                world.trace().tell(world.clock().nowNs(), newProperty + ": " + newStatement);
            }
        }
    }

    private void fail(final String newProperty, final String form, final Object... values) {
        if (property == null) {
            fail(newProperty, String.format(Locale.ROOT, form, values));
        }
    }

    private boolean isCorrect(final int memberId) {
        return (liars >>> memberId & 1) == 0;
    }

    private long nowNs() {
        return world.clock().nowNs();
    }

    // --- what goes wrong --------------------------------------------------------------------------------------------

    /** Something was done to links or processes. */
    void onFault() {
        seeLinks();
        for (int id = 0; id < memberCount; id++) {
            final MeshMember member = world.member(id);
            excused[id] |= member.isRunning() ? mayLose(id) : ANYBODY;
            if (member.isRunning() && !wasRunning[id]) {
                disturbedNs[id] = nowNs();
                renewals[id] += 1;
            }
            wasRunning[id] = member.isRunning();
            absentSinceNs[id] = member.isRunning() ? PRESENT : Math.min(absentSinceNs[id], nowNs());
        }
    }

    /** A member's clock moved: it may rejoin, and its pauses are over sooner. */
    void onJump(final int memberId) {
        disturbedNs[memberId] = nowNs();
        renewals[memberId] += 2;
    }

    private void seeLinks() {
        for (int id = 0; id < memberCount; id++) {
            final long before = links[id];
            links[id] = 0;
            for (int other = 0; other < memberCount; other++) {
                links[id] |= world.network().joins(id, other) ? 1L << other : 0;
                partedNs[id][other] = ((before & ~links[id]) >>> other & 1) != 0 ? nowNs() : partedNs[id][other];
            }
        }
    }

    /** Members that ran and that this one could reach both ways at some time of the last so many periods. */
    private long reachedOfLate(final int id, final int periods) {
        final long beginNs = nowNs() - periods * periodNs;
        long set = links[id];
        for (int other = 0; other < memberCount; other++) {
            set |= partedNs[id][other] >= beginNs ? 1L << other : 0;
            set &= absentSinceNs[other] < beginNs ? ~(1L << other) : ANYBODY;
        }
        return set;
    }

    /** Who may find now, and be right, that a member does not answer. */
    private long mayLose(final int memberId) {
        if (world.network().lossAt(memberId) > 0) {
            return ANYBODY;
        }
        long set = ~links[memberId];
        for (int id = 0; id < memberCount; id++) {
            set |= world.network().lossAt(id) > 0 ? 1L << id : 0;
        }
        return set;
    }

    private int accusersOf(final int memberId) {
        return Long.bitCount((excused[memberId] | liars) & everybody & ~(1L << memberId));
    }

    // --- what members think -----------------------------------------------------------------------------------------

    @Override
    public void onState(
            final MeshMember observer,
            final int subjectId,
            final MemberTable.State before,
            final MemberTable.State after) {
        final int observerId = observer.id();
        if (!isCorrect(observerId) || observerId == subjectId) {
            return;
        }
        final MeshMember subject = world.member(subjectId);
        final long incarnation =
                observer.swim() == null ? 0 : observer.swim().table().incarnation(subjectId);
        if (MeshSchedules.isDead(after)) {
            deadIncarnation[observerId][subjectId] = incarnation;
        } else if (MeshSchedules.isDead(before)) {
            checkReturn(observerId, subjectId, incarnation);
        }
        if (after == MemberTable.State.FAULTY
                && isCorrect(subjectId)
                && subject.isRunning()
                && incarnation == subject.swim().incarnation()
                && incarnation == signedMost[subjectId]
                && accusersOf(subjectId) < quorum.quorum()) {
            fail(
                    "false-death",
                    "member %d holds %d faulty at its incarnation %d; since that was signed only %d members, liars among"
                            + " them, can have lost it, and %d must say so",
                    observerId,
                    subjectId,
                    incarnation,
                    accusersOf(subjectId),
                    quorum.quorum());
        }
        if (isQuiet && isCorrect(subjectId) && subject.isRunning() && after != MemberTable.State.ALIVE) {
            fail("liveness", "all had agreed, and then member %d held %d %s", observerId, subjectId, after);
        }
    }

    private void checkReturn(final int observerId, final int subjectId, final long incarnation) {
        final long dead = deadIncarnation[observerId][subjectId];
        final MeshMember subject = world.member(subjectId);
        // A liar may sign two records of one incarnation; the one with the larger content counts as newer.
        final boolean isNewer = isCorrect(subjectId) ? incarnation > dead : incarnation >= dead;
        final boolean isSigned = !isCorrect(subjectId)
                || incarnation <= Math.max(signedMost[subjectId], subject.swim().incarnation());
        if (!isNewer || !isSigned) {
            fail(
                    "resurrection",
                    "member %d held %d dead at incarnation %d and holds it present at %d; the newest that it signed is %d",
                    observerId,
                    subjectId,
                    dead,
                    incarnation,
                    signedMost[subjectId]);
        }
    }

    // --- what members sign ------------------------------------------------------------------------------------------

    @Override
    public void onTurn(final MeshMember member) {
        final int id = member.id();
        if (!isCorrect(id)) {
            return;
        }
        final long packets = world.network().packetsOf(id) - packetsBefore[id];
        if (packets > 2L * (PACKETS_PER_MEMBER_MAX * memberCount + PACKETS_BESIDE_MAX)) {
            // No period is looked at later than after two.
            fail("bounds", "member %d sent %d packets in less than two periods", id, packets);
        }
        if (member.life() != lives[id]) {
            lives[id] = member.life();
            signedLast[id] = 0;
            refutations[id] = 0;
            // A record of an earlier life may turn up.
            renewals[id] += 2;
        }
        final long incarnation = member.swim().incarnation();
        if (incarnation != signedLast[id]) {
            checkSigned(member, incarnation);
            signedLast[id] = incarnation;
            signedAtNs[id] = nowNs();
            if (incarnation > signedMost[id]) {
                signedMost[id] = incarnation;
                excused[id] = mayLose(id);
            }
        }
    }

    private void checkSigned(final MeshMember member, final long incarnation) {
        final int id = member.id();
        if (incarnation < signedLast[id]) {
            fail("bounds", "member %d signs incarnation %d after %d", id, incarnation, signedLast[id]);
        }
        if (member.isGone()) {
            return;
        }
        if (signedLast[id] == 0 || renewals[id] > 0) {
            renewals[id] -= signedLast[id] == 0 ? 0 : 1;
            return;
        }
        final long sinceNs = nowNs() - signedAtNs[id];
        if (accusersOf(id) >= quorum.oneCorrect()) {
            // A correct one among them must lose it anew each time, which takes a ping without an ack.
            if (sinceNs < ackNs - SLACK_NS) {
                fail(
                        "bounds",
                        "member %d signs incarnation %d only %d us after the last",
                        id,
                        incarnation,
                        sinceNs / 1_000);
            }
            return;
        }
        refutations[id]++;
        final long allowed = REFUTATIONS_FREE + nowNs() / (PAUSE_PERIODS_MAX * periodNs);
        if (refutations[id] > allowed) {
            fail(
                    "bounds",
                    "member %d signs its record number %d because fewer than f+1 accuse it; %d are allowed",
                    id,
                    refutations[id],
                    allowed);
        }
    }

    // --- now and then -----------------------------------------------------------------------------------------------

    /** Looks at everybody. */
    void sample() {
        checkSides();
        if (nowNs() - periodBeginNs >= periodNs) {
            checkPeriod();
        }
    }

    private void checkSides() {
        for (int one = 0; one < memberCount; one++) {
            reached[one] = ANYBODY;
            final long sinceNs = nowNs() - disturbedNs[one];
            if (!isWritable(one) || sinceNs <= KNOWN_PERIODS * periodNs) {
                continue;
            }
            reached[one] = reachedOfLate(one, KNOWN_PERIODS);
            for (int other = 0; other < one; other++) {
                if ((reached[one] & reached[other]) == 0) {
                    fail(
                            "two-sides",
                            "members %d and %d are writable, and for %d periods have reached no member in common",
                            one,
                            other,
                            KNOWN_PERIODS);
                }
            }
            if (sinceNs > MINORITY_PERIODS * periodNs
                    && Long.bitCount(reachedOfLate(one, MINORITY_PERIODS) & everybody) < quorum.quorum()) {
                fail(
                        "two-sides",
                        "member %d is writable, and for %d periods has reached fewer than the quorum of %d",
                        one,
                        MINORITY_PERIODS,
                        quorum.quorum());
            }
        }
    }

    private boolean isWritable(final int id) {
        final MeshMember member = world.member(id);
        return isCorrect(id)
                && member.isRunning()
                && member.swim() != null
                && member.swim().guard().isWritable();
    }

    private void checkPeriod() {
        final double periods = (double) (nowNs() - periodBeginNs) / periodNs;
        periodBeginNs = nowNs();
        for (int id = 0; id < memberCount; id++) {
            final long packets = world.network().packetsOf(id) - packetsBefore[id];
            packetsBefore[id] += packets;
            final MeshMember member = world.member(id);
            if (!isCorrect(id) || member.swim() == null) {
                continue;
            }
            final double each = (packets - PACKETS_BESIDE_MAX) / periods / memberCount;
            packetsMost = Math.max(packetsMost, each);
            if (each > PACKETS_PER_MEMBER_MAX) {
                fail("bounds", "member %d sent %d packets in one period", id, packets);
            }
            checkTable(member.swim().table(), id);
        }
    }

    private void checkTable(final MemberTable table, final int ownerId) {
        int count = 0;
        for (final MemberTable.State state : MemberTable.State.values()) {
            count += table.count(state);
        }
        if (count != memberCount || table.memberCount() != memberCount) {
            fail("bounds", "member %d counts %d members of %d", ownerId, count, memberCount);
        }
        for (int id = 0; id < memberCount; id++) {
            final Swim owner = world.member(id).swim();
            if (isCorrect(id)
                    && table.incarnation(id) > Math.max(signedMost[id], owner == null ? 0 : owner.incarnation())) {
                fail(
                        "bounds",
                        "member %d holds incarnation %d of %d, which it never signed",
                        ownerId,
                        table.incarnation(id),
                        id);
            }
        }
    }

    // --- the end ----------------------------------------------------------------------------------------------------

    /** From now on no correct member that runs may be doubted. */
    void expectQuiet() {
        isQuiet = true;
    }

    /** What is still not as it must be once faults have stopped; empty if nothing is. */
    String unsettled() {
        int correctRunning = 0;
        for (int id = 0; id < memberCount; id++) {
            correctRunning += isCorrect(id) && world.member(id).isRunning() ? 1 : 0;
        }
        final boolean isQuorum = correctRunning >= quorum.quorum();
        for (int id = 0; id < memberCount; id++) {
            if (!isCorrect(id) || !world.member(id).isRunning()) {
                continue;
            }
            if (isQuorum && !isWritable(id)) {
                return "member " + id + " may not write, though a quorum runs";
            }
            for (int other = 0; other < memberCount; other++) {
                final MemberTable.State state = world.member(id).swim().table().state(other);
                final boolean runs = world.member(other).isRunning();
                final boolean isRight = runs ? state == MemberTable.State.ALIVE : MeshSchedules.isDead(state);
                if (!isRight && (runs ? isCorrect(other) : isQuorum)) {
                    return "member " + id + " holds " + other + " " + state + ", which " + (runs ? "runs" : "is gone");
                }
            }
        }
        return "";
    }
}
