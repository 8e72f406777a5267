package io.quorate.engine.mesh;

import io.quorate.engine.membership.MemberTable;
import io.quorate.engine.membership.MembershipContext;
import io.quorate.engine.quorum.Quorum;
import io.quorate.engine.virtual.SimRandom;
import io.quorate.engine.virtual.Trace;
import java.util.function.Consumer;

/**
 * Runs the production code of membership through a schedule of faults that a seed draws, with up to f liars, and judges it all the
 * while; then faults stop, and all must agree again within a bounded time. Equal kind and seed give the same run, event for event.
 * Called by tests, on their thread; one run at a time. docs/protocols/membership.md, section 12.
 */
public final class MeshSchedules {
    /** What goes wrong. */
    public enum Kind {
        /** Links between sets of members go and come back: both ways or one way, with and without a bridge, one after another or together. */
        SPLIT,
        /** Processes crash, stop, leave and come back, lose packets, and see their clocks jump. */
        CHURN
    }

    /**
     * How a run ended.
     *
     * @param liars how many members lied
     * @param property which property failed; null if none did
     * @param statement what happened, in a sentence; null if nothing did
     * @param healedNs from the end of all faults until all agreed again
     * @param packetsMost packets of one correct member in one period, a member of the mesh
     * @param traceHash of everything that happened
     */
    public record Outcome(
            Kind kind,
            long seed,
            int memberCount,
            MembershipContext.Profile profile,
            int liars,
            String property,
            String statement,
            long virtualNs,
            long healedNs,
            double packetsMost,
            long traceHash) {
        public boolean isClean() {
            return property == null;
        }

        /** What is needed to look into a failure. */
        public String report() {
            return kind + " seed " + seed + ", " + memberCount + " members, " + liars + " of them liars, profile "
                    + profile
                    + (isClean()
                            ? ": clean"
                            : ": " + property + " after " + virtualNs / 1_000_000 + " ms: " + statement)
                    + "\nreplay: -Dseed=" + seed;
        }
    }

    private static final int MEMBERS_MIN = 4;
    private static final int MEMBERS_USUAL_MAX = 16;
    private static final int MEMBERS_LARGE_MIN = 20;
    private static final int MEMBERS_LARGE_MAX = 32;
    private static final int ONE_IN_EIGHT_PPM = 125_000;
    private static final int HALF_PPM = 500_000;

    /** Until faults begin. */
    private static final int FORMING_PERIODS = 6;

    /** Within so many periods after the last fault all agree again. */
    private static final int HEALING_PERIODS_MAX = 160;

    /** What was found before the calm is concluded from. */
    private static final int SETTLING_PERIODS = 4;

    /** So long nobody may doubt anybody once all agree. */
    private static final int QUIET_PERIODS = 8;

    /** State is looked at so often a period, beside every turn. */
    private static final int SAMPLES_PER_PERIOD = 25;

    private final Kind kind;
    private final long seed;
    private final SimRandom random;
    private final MeshWorld world;
    private final MeshChecker checker;
    private final int liarCount;
    private final long periodNs;
    private long healedNs = -1;

    private MeshSchedules(final Kind kind, final long seed, final Consumer<String> listener) {
        this.kind = kind;
        this.seed = seed;
        random = new SimRandom(seed).split(kind.ordinal());
        final int memberCount = (int)
                (random.chance(ONE_IN_EIGHT_PPM)
                        ? random.between(MEMBERS_LARGE_MIN, MEMBERS_LARGE_MAX)
                        : random.between(MEMBERS_MIN, MEMBERS_USUAL_MAX));
        final MembershipContext.Profile profile =
                random.chance(HALF_PPM) ? MembershipContext.Profile.LAN : MembershipContext.Profile.FAST;
        world = new MeshWorld(random.nextLong(), memberCount, 1 + random.nextInt(3), profile, listener);
        liarCount = random.nextInt(Quorum.of(memberCount).faultyMax() + 1);
        for (int count = 0; count < liarCount; ) {
            final MeshMember member = world.member(random.nextInt(memberCount));
            if (!member.isLiar()) {
                final MeshLiar.Lie[] lies = MeshLiar.Lie.values();
                member.lie(new MeshLiar(world, lies[random.nextInt(lies.length)], random.split(count)));
                count++;
            }
        }
        periodNs = new MembershipContext()
                .memberCount(memberCount)
                .selfId(0)
                .profile(profile)
                .conclude()
                .periodNs();
        checker = new MeshChecker(world);
    }

    /** One run. */
    public static Outcome run(final Kind kind, final long seed) {
        return run(kind, seed, null);
    }

    /** @param listener receives the readable trace, or null */
    public static Outcome run(final Kind kind, final long seed, final Consumer<String> listener) {
        return new MeshSchedules(kind, seed, listener).judged();
    }

    private Outcome judged() {
        try {
            go();
        } catch (final RuntimeException thrown) {
            checker.fail("exception", String.valueOf(thrown));
        }
        return new Outcome(
                kind,
                seed,
                world.memberCount(),
                world.profile(),
                liarCount,
                checker.property(),
                checker.statement(),
                world.clock().nowNs(),
                healedNs,
                checker.packetsMost(),
                world.trace().hash());
    }

    private void go() {
        form();
        final MeshFaults faults = new MeshFaults(world, checker, random.split(world.memberCount()), periodNs);
        final long endNs = kind == Kind.SPLIT ? faults.planSplits() : faults.planChurn(liarCount);
        pass(endNs - world.clock().nowNs());
        faults.calm();
        world.trace().record(world.clock().nowNs(), -1, Trace.Kind.CALM, 0, 0);
        final long calmNs = world.clock().nowNs();
        while (isPassing() && !checker.unsettled().isEmpty()) {
            if (world.clock().nowNs() - calmNs > HEALING_PERIODS_MAX * periodNs) {
                checker.fail(
                        "liveness", "faults stopped " + HEALING_PERIODS_MAX + " periods ago: " + checker.unsettled());
            }
            pass(periodNs / SAMPLES_PER_PERIOD);
        }
        healedNs = world.clock().nowNs() - calmNs;
        // Whoever accused somebody meets it in its own round within 2T (n - 1) at the latest, and so the accused
        // refutes.
        pass((SETTLING_PERIODS + 2L * world.memberCount()) * periodNs);
        checker.expectQuiet();
        pass(QUIET_PERIODS * periodNs);
        if (isPassing() && !checker.unsettled().isEmpty()) {
            checker.fail("liveness", "all had agreed, and then: " + checker.unsettled());
        }
    }

    /** Half of the meshes have been together for long, the others join. */
    private void form() {
        final boolean areAcquainted = random.chance(HALF_PPM);
        final var records = areAcquainted ? world.firstRecords(1) : null;
        for (int id = 0; id < world.memberCount(); id++) {
            final MeshMember member = world.member(id);
            if (areAcquainted) {
                member.start(new int[] {}, false, records);
            } else {
                world.clock().schedule(random.nextLong(periodNs), () -> member.start(new int[] {0, 1, 2}, false));
            }
        }
        pass(FORMING_PERIODS * periodNs);
    }

    private boolean isPassing() {
        return checker.property() == null;
    }

    private void pass(final long durationNs) {
        final long endNs = world.clock().nowNs() + durationNs;
        while (isPassing() && world.clock().nowNs() < endNs) {
            world.runUntil(Math.min(endNs, world.clock().nowNs() + periodNs / SAMPLES_PER_PERIOD));
            checker.sample();
        }
    }

    /** True if the state is one of a member that is gone. */
    static boolean isDead(final MemberTable.State state) {
        return state == MemberTable.State.FAULTY || state == MemberTable.State.LEFT;
    }
}
