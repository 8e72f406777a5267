package io.quorate.engine.pbft;

import static io.quorate.engine.pbft.TestGroup.MS;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Random faults, then quiet: safety at each event, and in the end everything is ordered everywhere. */
class PbftChaosTest {
    private static final int SEEDS = Integer.getInteger("seeds", 60);

    @Test
    void shouldKeepOneHistoryUnderRandomFaultsAndFinishAfterThem() {
        final long first = Long.getLong("seed", 1);
        for (long seed = first; seed < first + SEEDS; seed++) {
            try {
                run(seed);
            } catch (final Throwable e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }

    private static void run(final long seed) {
        final SplittableRandom random = new SplittableRandom(seed);
        final int peerCount = 4 + random.nextInt(4);
        final TestGroup group = new TestGroup(peerCount, seed);
        group.loss = random.nextInt(30) / 100.0;
        group.duplicate = random.nextInt(20) / 100.0;
        group.delayMaxNs = (1 + random.nextInt(20)) * MS;
        final int victim = random.nextInt(peerCount);
        final boolean isRestarted = random.nextBoolean();
        final int crashRound = random.nextInt(40);
        final int restartRound = crashRound + 1 + random.nextInt(40);
        int submitted = 0;
        for (int round = 0; round < 100; round++) {
            if (isRestarted && round == crashRound) {
                group.crash(victim);
            }
            if (isRestarted && round == restartRound) {
                group.restart(victim);
            }
            if (random.nextInt(10) == 0) {
                cut(group, random, peerCount);
            }
            final int client = random.nextInt(peerCount);
            if ((!isRestarted || client != victim) && group.submit(client, "r" + round) > 0) {
                submitted++;
            }
            group.runFor(random.nextInt(30) * MS);
        }
        group.filter = (from, to, template, message) -> true;
        group.loss = 0;
        group.delayMaxNs = MS;
        final int expected = submitted;
        group.runUntil(() -> group.allApplied(expected), 60_000 * MS);
        group.runUntil(
                () -> java.util.Arrays.stream(group.peers).allMatch(peer -> peer.client.outstandingCount() == 0),
                60_000 * MS);
        group.runUntil(
                () -> java.util.Arrays.stream(group.peers).allMatch(peer -> peer.replica.isVoting()), 60_000 * MS);
        group.runFor(500 * MS);
        group.assertSameHistories();
    }

    private static void cut(final TestGroup group, final SplittableRandom random, final int peerCount) {
        final int kind = random.nextInt(4);
        final int one = random.nextInt(peerCount);
        final int other = random.nextInt(peerCount);
        final long half = random.nextLong();
        switch (kind) {
            case 0 -> group.filter = (from, to, template, message) -> true;
            case 1 -> group.filter = (from, to, template, message) -> from != one && to != one;
            case 2 -> group.filter = (from, to, template, message) -> from != one || to != other;
            default -> group.filter = (from, to, template, message) -> (half >> from & 1) == (half >> to & 1);
        }
    }
}
