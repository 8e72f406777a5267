package io.quorate.engine.pbft;

import static io.quorate.engine.pbft.TestGroup.MS;
import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.metrics.PbftCounter;
import io.quorate.transport.codecs.SnapshotPageDecoder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole groups under virtual time: the normal case, crashes, loss, view changes, state transfer, amnesia. */
class PbftScenarioTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 10})
    void shouldOrderAndAnswerRequestsOfAllClients(final int peerCount) {
        final TestGroup group = new TestGroup(peerCount, 1);
        for (int i = 0; i < 10; i++) {
            for (int id = 0; id < peerCount; id++) {
                group.submit(id, "r" + i);
            }
        }
        group.runUntil(() -> group.allApplied(10 * peerCount), 2000 * MS);
        group.runFor(50 * MS);
        group.assertSameHistories();
        for (final TestPeer peer : group.peers) {
            assertThat(peer.replies).hasSize(10);
            assertThat(peer.replica.view()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 5, 6, 7, 10})
    void shouldSurviveTheCrashOfThePrimary(final int peerCount) {
        final TestGroup group = new TestGroup(peerCount, 2);
        group.submit(1, "before");
        group.runUntil(() -> group.allApplied(1), 1000 * MS);
        group.crash(0);
        group.submit(1, "after");
        group.runUntil(() -> group.allApplied(2), 2000 * MS);
        group.runFor(50 * MS);
        group.assertSameHistories();
        assertThat(group.view(1)).isEqualTo(1);
        assertThat(group.peers[1].replies).hasSize(2);
    }

    @ParameterizedTest
    @CsvSource({"0,1", "1,2", "2,3", "3,4"})
    void shouldSurviveTheCrashOfAnyOneAtAnyPoint(final int victim, final long seed) {
        for (int moment = 0; moment < 60; moment++) {
            final TestGroup group = new TestGroup(4, seed);
            final int client = (victim + 1) % 4;
            for (int i = 0; i < 5; i++) {
                group.submit(client, "r" + i);
            }
            group.runFor(moment * MS / 20);
            group.crash(victim);
            for (int i = 5; i < 30; i++) {
                group.submit(client, "r" + i);
            }
            group.runUntil(() -> group.allApplied(30), 5000 * MS);
            group.runFor(100 * MS);
            group.assertSameHistories();
            assertThat(group.peers[client].replies).hasSize(30);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
    void shouldOrderInSpiteOfLossAndRepetition(final long seed) {
        final TestGroup group = new TestGroup(4, seed);
        group.loss = 0.15;
        group.duplicate = 0.10;
        group.delayMaxNs = 3 * MS;
        for (int i = 0; i < 30; i++) {
            group.submit((int) ((seed + i) % 4), "r" + i);
        }
        group.runUntil(() -> group.allApplied(30), 20_000 * MS);
        group.assertSameHistories();
        group.runUntil(
                () -> java.util.Arrays.stream(group.peers)
                                .mapToInt(peer -> peer.replies.size())
                                .sum()
                        == 30,
                20_000 * MS);
    }

    @Test
    void shouldCatchUpByStateTransferAfterALongCut() {
        final TestGroup group = new TestGroup(4, 3);
        group.filter = (from, to, template, message) -> from != 3 && to != 3;
        for (int i = 0; i < 200; i++) {
            group.submit(1, "r" + i);
            group.runFor(2 * MS);
        }
        assertThat(group.peers[3].register.applied).isEmpty();
        group.filter = (from, to, template, message) -> true;
        group.submit(1, "last");
        group.runUntil(() -> group.allApplied(201), 5000 * MS);
        group.assertSameHistories();
        assertThat(group.count(3, io.quorate.engine.metrics.PbftCounter.STATE_TRANSFERS_DONE))
                .isPositive();
    }

    @Test
    void shouldFetchTheStateFromSeveralAlthoughOneGivesFalsePages() {
        final TestGroup group = new TestGroup(7, 3);
        group.filter = (from, to, template, message) -> from != 6 && to != 6;
        for (int i = 0; i < 400; i++) {
            group.submit(1, "request number " + i);
            group.runFor(MS);
        }
        final int[] partsFrom = new int[7];
        group.filter = (from, to, template, message) -> {
            if (template == SnapshotPageDecoder.TEMPLATE_ID) {
                partsFrom[from]++;
                if (from == 2) {
                    final int last = message.capacity() - 1;
                    message.putByte(last, (byte) (message.getByte(last) ^ 1));
                }
            }
            return true;
        };
        group.submit(1, "last");
        group.runUntil(() -> group.allApplied(401), 5000 * MS);
        group.assertSameHistories();
        assertThat(group.count(6, PbftCounter.STATE_TRANSFERS_DONE)).isPositive();
        assertThat(group.count(6, PbftCounter.DROPPED_BAD_DIGEST))
                .as("once a transfer")
                .isBetween(1L, group.count(6, PbftCounter.STATE_TRANSFERS_STARTED));
        assertThat(partsFrom[2]).isLessThan(50);
        assertThat(java.util.Arrays.stream(partsFrom).filter(parts -> parts > 0).count())
                .as("sources that were asked")
                .isGreaterThanOrEqualTo(3);
    }

    @Test
    void shouldFetchLittleWhenLittleChanged() {
        final TestGroup group = new TestGroup(4, 3);
        for (int i = 0; i < 400; i++) {
            group.submit(1, "request number " + i);
            group.runFor(MS);
        }
        group.runUntil(() -> group.allApplied(400), 1000 * MS);
        group.runFor(100 * MS);
        assertThat(group.count(3, PbftCounter.SNAPSHOT_PARTS_FETCHED)).isZero();
        group.filter = (from, to, template, message) -> from != 3 && to != 3;
        for (int i = 400; i < 440; i++) {
            group.submit(1, "request number " + i);
            group.runFor(2 * MS);
        }
        group.filter = (from, to, template, message) -> true;
        group.submit(1, "last");
        group.runUntil(() -> group.allApplied(441), 5000 * MS);
        group.assertSameHistories();
        assertThat(group.count(3, PbftCounter.STATE_TRANSFERS_DONE)).isPositive();
        final int lengthBytes = group.peers[0].register.applied.stream()
                .mapToInt(line -> line.length() + 1)
                .sum();
        assertThat(group.count(3, PbftCounter.SNAPSHOT_PARTS_FETCHED) * 256)
                .as("of %d bytes, of which a twelfth is new, and the client table", lengthBytes)
                .isLessThan((4096 + lengthBytes) / 2);
    }

    @Test
    void shouldVoteAgainAfterARestartOnlyWhenTheCheckpointIsPastEverythingItMayHaveVotedOn() {
        final TestGroup group = new TestGroup(4, 4);
        for (int i = 0; i < 40; i++) {
            group.submit(1, "r" + i);
            group.runFor(2 * MS);
        }
        group.runFor(100 * MS);
        group.crash(2);
        group.submit(1, "while down");
        group.runFor(500 * MS);
        final long lowAtRestart = group.peers[0].replica.stableSequence();
        group.restart(2);
        group.runUntil(() -> group.peers[2].votingAgainAt >= 0, 5000 * MS);
        assertThat(group.peers[2].votingAgainAt).isGreaterThanOrEqualTo(lowAtRestart + 2 * 16);
        group.submit(2, "again");
        group.runUntil(() -> group.allApplied(42), 5000 * MS);
        group.assertSameHistories();
    }
}
