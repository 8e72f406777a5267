package io.quorate.engine.mesh;

import io.quorate.engine.membership.MemberTable;
import io.quorate.engine.membership.MembershipContext;
import io.quorate.engine.membership.Swim;
import io.quorate.engine.virtual.SimRandom;
import java.util.Arrays;
import java.util.function.BooleanSupplier;

/** What a mesh takes in virtual time, one fault a run: for the tables of docs/protocols/membership.md. */
public final class MeshTimes {
    private static final long MS = 1_000_000;
    private static final long STEP_NS = MS;
    private static final long JOIN_SPREAD_NS = 2 * MS;
    /** By then news has gone round, each hop takes at most half a millisecond, and few tables have been compared. */
    private static final long NEWS_NS = 10 * MS;

    private static final long PATIENCE_NS = 120_000 * MS;
    private static final int JOINED_TOGETHER_MAX = 64;

    /** A time that never came. */
    public static final long NEVER = -1;

    /**
     * What one run showed, in virtual time.
     *
     * @param knownNs until the last member knew; {@link #NEVER} if it did not
     * @param packetsPerSecond a member, sent, over the whole time that is meant
     * @param bytesPerSecond a member, of frames
     */
    public record Times(long knownNs, double packetsPerSecond, double bytesPerSecond) {}

    /**
     * A split and its end.
     *
     * @param readOnlyNs until every member without a quorum refused writes
     * @param healedNs from the end until all saw all and all could write
     * @param bothWrote true if members of two sides could write at once after that
     */
    public record SplitTimes(long readOnlyNs, long healedNs, boolean bothWrote) {}

    /** Deaths of members that were not dead, and doubts of members that were well. */
    public record LossTimes(int falseDeaths, int falseSuspects, int accusationsOfTheStopped, double packetsPerSecond) {}

    /**
     * How a record spreads.
     *
     * @param hopsMost hops to the member that was furthest away, of those that heard before tables were compared
     * @param heardShare share of members that heard so
     * @param knownNs until the last one knew, by whichever way
     */
    public record NewsTimes(int hopsMost, double heardShare, long knownNs) {}

    private final int memberCount;
    private final MembershipContext.Profile profile;
    private final MeshWorld world;
    private final SimRandom random;

    public MeshTimes(final int memberCount, final MembershipContext.Profile profile, final long seed) {
        this.memberCount = memberCount;
        this.profile = profile;
        world = new MeshWorld(seed, memberCount, 1, profile, null);
        random = world.planRandom();
    }

    /** All start within two milliseconds and know three seeds: until all see all. */
    public Times join() {
        for (int id = 0; id < memberCount; id++) {
            final MeshMember member = world.member(id);
            world.clock().schedule(random.nextLong(JOIN_SPREAD_NS), () -> member.start(new int[] {0, 1, 2}, false));
        }
        final long knownNs = await(this::allSeeAll, PATIENCE_NS);
        return new Times(
                knownNs,
                world.network().packets()
                        * 1e9
                        / memberCount
                        / Math.max(1, world.clock().nowNs()),
                world.network().bytes()
                        * 1e9
                        / memberCount
                        / Math.max(1, world.clock().nowNs()));
    }

    private void form() {
        if (memberCount <= JOINED_TOGETHER_MAX) {
            join();
        } else {
            final var records = world.firstRecords(1);
            for (int id = 0; id < memberCount; id++) {
                world.member(id).start(new int[] {}, false, records);
            }
        }
        run(4 * world.member(0).context().periodNs() + random.nextLong(2_000 * MS));
    }

    /** What a calm second costs a member. */
    public Times calm(final long durationNs) {
        form();
        final long packets = world.network().packets();
        final long bytes = world.network().bytes();
        run(durationNs);
        final double seconds = durationNs / 1e9 * memberCount;
        return new Times(
                0,
                (world.network().packets() - packets) / seconds,
                (world.network().bytes() - bytes) / seconds);
    }

    /** One member falls silent: until the last live one has proof. Packets are those from the crash to then. */
    public Times crash() {
        form();
        final int victim = random.nextInt(memberCount);
        final long packets = world.network().packets();
        final long bytes = world.network().bytes();
        final long startNs = world.clock().nowNs();
        world.member(victim).crash();
        final long knownNs = await(() -> allHold(victim, MemberTable.State.FAULTY), PATIENCE_NS);
        final double seconds = (world.clock().nowNs() - startNs) / 1e9 * memberCount;
        return new Times(
                knownNs,
                (world.network().packets() - packets) / seconds,
                (world.network().bytes() - bytes) / seconds);
    }

    /** One member leaves: how its record comes to all. */
    public NewsTimes news() {
        form();
        final int leaver = random.nextInt(memberCount);
        final int[] hops = new int[memberCount];
        final int[] heard = new int[2];
        final long startNs = world.clock().nowNs();
        final long comparedNs = startNs + NEWS_NS;
        world.witness((observer, subjectId, before, after) -> {
            if (subjectId == leaver && after == MemberTable.State.LEFT && observer.speakerId() >= 0) {
                hops[observer.id()] = hops[observer.speakerId()] + 1;
                if (world.clock().nowNs() < comparedNs) {
                    heard[0]++;
                    heard[1] = Math.max(heard[1], hops[observer.id()]);
                }
            }
        });
        world.member(leaver).leave();
        final long knownNs = await(() -> allHold(leaver, MemberTable.State.LEFT), PATIENCE_NS);
        return new NewsTimes(heard[1], (double) heard[0] / (memberCount - 1), knownNs);
    }

    /** A link between two sides goes, and comes back. */
    public SplitTimes split(final int firstSide, final long durationNs) {
        form();
        final boolean[] isFirst = new boolean[memberCount];
        for (int count = 0; count < firstSide; ) {
            final int id = random.nextInt(memberCount);
            count += isFirst[id] ? 0 : 1;
            isFirst[id] = true;
        }
        final boolean[] isSecond = new boolean[memberCount];
        for (int id = 0; id < memberCount; id++) {
            isSecond[id] = !isFirst[id];
        }
        final MeshNetwork.Cut there = new MeshNetwork.Cut(isFirst, isSecond);
        final MeshNetwork.Cut back = new MeshNetwork.Cut(isSecond, isFirst);
        world.network().cut(there);
        world.network().cut(back);
        final long endNs = world.clock().nowNs() + durationNs;
        final int needed = world.member(0).swim().guard().needed();
        final long readOnlyNs = await(
                () -> (firstSide >= needed || noneWrites(isFirst))
                        && (memberCount - firstSide >= needed || noneWrites(isSecond)),
                durationNs);
        boolean bothWrote = false;
        while (world.clock().nowNs() < endNs) {
            run(10 * STEP_NS);
            bothWrote |= !noneWrites(isFirst) && !noneWrites(isSecond);
        }
        world.network().mend(there);
        world.network().mend(back);
        return new SplitTimes(readOnlyNs, await(() -> allSeeAll() && allWrite(), PATIENCE_NS), bothWrote);
    }

    /** One member loses a share each way, another is stopped on and off, for a while. */
    public LossTimes loss(final int lossPpm, final long stopMaxNs, final long durationNs) {
        form();
        final int lossy = random.nextInt(memberCount);
        final int stopped = (lossy + 1 + random.nextInt(memberCount - 1)) % memberCount;
        final int[] found = new int[3];
        world.witness((observer, subjectId, before, after) -> {
            if (subjectId != stopped && observer.id() != subjectId) {
                found[0] += after == MemberTable.State.FAULTY ? 1 : 0;
                found[2] +=
                        observer.id() == stopped && subjectId != lossy && after == MemberTable.State.SUSPECT ? 1 : 0;
                found[1] += after == MemberTable.State.SUSPECT && subjectId != lossy && observer.id() != lossy ? 1 : 0;
            }
        });
        world.network().lossAt(lossy, lossPpm);
        final long packets = world.network().packets();
        final long startNs = world.clock().nowNs();
        while (world.clock().nowNs() - startNs < durationNs) {
            world.member(stopped).stop();
            run(random.between(1, stopMaxNs));
            world.member(stopped).resume();
            run(random.between(1, stopMaxNs));
        }
        final double seconds = (world.clock().nowNs() - startNs) / 1e9 * memberCount;
        return new LossTimes(found[0], found[1], found[2], (world.network().packets() - packets) / seconds);
    }

    private boolean allSeeAll() {
        for (int id = 0; id < memberCount; id++) {
            final Swim swim = world.member(id).swim();
            if (swim == null || swim.table().count(MemberTable.State.ALIVE) != memberCount) {
                return false;
            }
        }
        return true;
    }

    private boolean allHold(final int subjectId, final MemberTable.State state) {
        for (int id = 0; id < memberCount; id++) {
            if (id != subjectId && world.member(id).swim().table().state(subjectId) != state) {
                return false;
            }
        }
        return true;
    }

    private boolean allWrite() {
        for (int id = 0; id < memberCount; id++) {
            if (!world.member(id).swim().guard().isWritable()) {
                return false;
            }
        }
        return true;
    }

    private boolean noneWrites(final boolean[] side) {
        for (int id = 0; id < memberCount; id++) {
            if (side[id] && world.member(id).swim().guard().isWritable()) {
                return false;
            }
        }
        return true;
    }

    private void run(final long durationNs) {
        world.runUntil(world.clock().nowNs() + durationNs);
    }

    private long await(final BooleanSupplier condition, final long patienceNs) {
        final long startNs = world.clock().nowNs();
        while (!condition.getAsBoolean()) {
            if (world.clock().nowNs() - startNs >= patienceNs) {
                return NEVER;
            }
            run(STEP_NS);
        }
        return world.clock().nowNs() - startNs;
    }

    /** The value below which a share of the sorted others lies. */
    public static long percentile(final long[] values, final double share) {
        final long[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[(int) Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
    }
}
