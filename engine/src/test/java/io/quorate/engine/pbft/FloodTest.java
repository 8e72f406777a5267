package io.quorate.engine.pbft;

import static io.quorate.engine.pbft.TestGroup.MS;
import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.metrics.PbftCounter;
import io.quorate.engine.ordering.Digest256;
import io.quorate.transport.codecs.CommittedDecoder;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/**
 * A peer that keeps others busy with forgeries does not starve them. Each peer's one thread spends virtual time on messages and
 * checks, and everything waits in one queue: what is counted is decisions.
 */
class FloodTest {
    private static final int FORGERIES_A_MS = 100;

    @Test
    void shouldDecideAlmostAsMuchUnderAFloodOfForgedRequests() {
        final int quiet = decisions(4, 0, 64);
        final int flooded = decisions(4, FORGERIES_A_MS, 64);
        final int withoutBudget = decisions(4, FORGERIES_A_MS, Integer.MAX_VALUE);
        assertThat(quiet).isGreaterThan(75);
        assertThat(flooded).as("of %d", quiet).isGreaterThan(quiet * 8 / 10);
        assertThat(withoutBudget)
                .as("what the flood does where nothing holds it back")
                .isLessThan(quiet / 4);
    }

    /** How many requests of the clients 0 to 2 are decided in 150 ms, one a client at a time. */
    private static int decisions(final int peerCount, final int forgeriesAMs, final int uselessChecksMax) {
        final TestGroup group = new TestGroup(peerCount, 1, context -> context.uselessChecksMax(uselessChecksMax));
        group.messageCostNs = 1_000;
        group.checkCostNs = 50_000;
        final Forger flooder = new Forger(group, peerCount - 1);
        long number = 1;
        for (int ms = 0; ms < 150; ms++) {
            for (int i = 0; i < forgeriesAMs; i++) {
                number = forge(flooder, peerCount, number);
            }
            for (int client = 0; client < 3; client++) {
                if (group.peers[client].client.outstandingCount() < 2) {
                    group.submit(client, "r" + ms);
                }
            }
            group.runFor(MS);
        }
        return group.peers[0].replies.size() + group.peers[1].replies.size() + group.peers[2].replies.size();
    }

    private static long forge(final Forger flooder, final int peerCount, final long number) {
        final UnsafeBuffer request = flooder.request(1, 5_000_000 + number % 32, "forged " + number);
        request.putByte(0, (byte) ~request.getByte(0));
        for (int id = 0; id < peerCount - 1; id++) {
            flooder.sayRequest(request, id);
        }
        return number + 1;
    }

    @Test
    void shouldChangeTheViewUnderAFlood() {
        final TestGroup group = new TestGroup(7, 1);
        group.messageCostNs = 1_000;
        group.checkCostNs = 50_000;
        final Forger flooder = new Forger(group, 6);
        group.submit(1, "before");
        group.runUntil(() -> group.allApplied(1), 1000 * MS);
        group.crash(0);
        group.submit(1, "after");
        long number = 1;
        for (int ms = 0; ms < 600; ms++) {
            for (int i = 0; i < FORGERIES_A_MS; i++) {
                number = forge(flooder, 7, number);
            }
            group.runFor(MS);
        }
        assertThat(group.view(1)).as(group.toString()).isEqualTo(1);
        assertThat(group.peers[1].replies).hasSize(2);
        assertThat(group.count(1, PbftCounter.DROPPED_CHECK_BUDGET)).isPositive();
    }

    @Test
    void shouldNotCheckOldCertificatesAgainAndAgain() {
        final TestGroup group = new TestGroup(4, 1);
        final UnsafeBuffer[] caught = new UnsafeBuffer[1];
        group.filter = (from, to, template, message) -> {
            if (template == io.quorate.transport.codecs.RecoveryAnswerDecoder.TEMPLATE_ID) {
                caught[0] = message;
            }
            return true;
        };
        for (int i = 0; i < 60; i++) {
            group.submit(1, "r" + i);
            group.runFor(2 * MS);
        }
        final Checkpoints.Certificate old =
                new Checkpoints.Certificate(4).set(group.peers[1].replica.checkpoints.stable());
        assertThat(old.sequence()).isPositive();
        for (int i = 0; i < 60; i++) {
            group.submit(1, "s" + i);
            group.runFor(2 * MS);
        }
        group.runFor(200 * MS);
        final Forger flooder = new Forger(group, 3);
        final long checksBefore = group.keys.checkCount;
        for (int i = 0; i < 1_000; i++) {
            flooder.say(publisher -> publisher.stableCheckpoint(0, old), 0);
        }
        group.runFor(2 * MS);
        assertThat(group.keys.checkCount - checksBefore).isZero();
        assertThat(group.count(0, PbftCounter.DROPPED_DUPLICATE)).isGreaterThanOrEqualTo(1_000);
    }

    @Test
    void shouldCheckViewChangesForEverHigherViewsOnlySoOften() {
        final TestGroup group = new TestGroup(4, 1);
        final Forger flooder = new Forger(group, 3);
        final NewView.Claims none = new NewView.Claims(0);
        // In order: a lower view behind a higher one would not even be read.
        group.delayMaxNs = group.delayMinNs;
        final long checksBefore = group.keys.checkCount;
        for (int view = 1; view <= 1_000; view++) {
            flooder.sayViewChange(flooder.vote(view, none, none), 0);
        }
        group.runFor(2 * MS);
        assertThat(group.keys.checkCount - checksBefore).isLessThan(100);
        group.submit(1, "still here");
        group.runUntil(() -> group.allApplied(1), 100 * MS);
        assertThat(group.view(0)).isZero();
    }

    @Test
    void shouldCheckOldBasesOfViewChangesOnlySoOften() {
        final TestGroup group = new TestGroup(4, 1);
        final Checkpoints.Certificate[] old = new Checkpoints.Certificate[2];
        // Far enough back that no table of votes has them any more.
        for (int i = 0; i < old.length; i++) {
            old[i] = reachStable(group, 8 * (i + 1));
        }
        final Checkpoints.Certificate newest = reachStable(group, 8 * 8);
        final Forger flooder = new Forger(group, 3);
        final NewView.Claims none = new NewView.Claims(0);
        // In order: a lower view behind a higher one would not even be read.
        group.delayMaxNs = group.delayMinNs;
        final long checksBefore = group.keys.checkCount;
        for (int view = 1; view <= 1_000; view++) {
            flooder.sayViewChange(flooder.vote(view, old[view % 2], none, none), 0);
        }
        group.runFor(2 * MS);
        assertThat(group.keys.checkCount - checksBefore).isLessThan(100);
        assertThat(group.count(0, PbftCounter.DROPPED_CHECK_BUDGET)).isPositive();
        assertThat(group.count(1, PbftCounter.DROPPED_CHECK_BUDGET)).isZero();
        // Another peer's view change is looked at as before.
        final Forger other = new Forger(group, 2);
        other.sayViewChange(other.vote(1_001, newest, none, none), 0);
        group.runFor(2 * MS);
        assertThat(group.peers[0].replica.viewChange.isWanted(2, 1_001, 0)).isFalse();
    }

    @Test
    void shouldNotCheckSignaturesOfABaseThatItHasSeen() {
        final TestGroup group = new TestGroup(4, 1);
        final Checkpoints.Certificate before = reachStable(group, 16);
        reachStable(group, 24);
        final Forger laggard = new Forger(group, 3);
        final NewView.Claims none = new NewView.Claims(0);
        final long checksBefore = group.keys.checkCount;
        laggard.sayViewChange(laggard.vote(1, before, none, none), 0);
        group.runFor(MS);
        assertThat(group.keys.checkCount - checksBefore)
                .as("the view change's own; those of the base came as checkpoint messages")
                .isEqualTo(1);
    }

    @Test
    void shouldCheckTheSameOldBaseOfAPeerOnce() {
        final TestGroup group = new TestGroup(4, 1);
        final Checkpoints.Certificate old = reachStable(group, 8);
        reachStable(group, 8 * 8);
        final Forger laggard = new Forger(group, 3);
        final NewView.Claims none = new NewView.Claims(0);
        final long checksBefore = group.keys.checkCount;
        for (int view = 1; view <= 10; view++) {
            laggard.sayViewChange(laggard.vote(view, old, none, none), 0);
            group.runFor(MS);
        }
        assertThat(group.keys.checkCount - checksBefore).isEqualTo(10 + 3);
    }

    private static Checkpoints.Certificate reachStable(final TestGroup group, final long sequence) {
        while (group.peers[0].replica.stableSequence() < sequence) {
            group.submit(1, "up to " + sequence);
            group.runFor(2 * MS);
        }
        assertThat(group.peers[0].replica.stableSequence()).isEqualTo(sequence);
        return new Checkpoints.Certificate(group.peers.length).set(group.peers[0].replica.checkpoints.stable());
    }

    @Test
    void shouldDropUnreadWhatOnePeerSendsBeyondItsShare() {
        final TestGroup group = new TestGroup(4, 1, context -> context.messagesMax(100));
        final Forger flooder = new Forger(group, 3);
        for (int i = 0; i < 5_000; i++) {
            flooder.say(publisher -> publisher.fetchSnapshot(0, 8, 0, 0), 0);
        }
        group.submit(1, "r");
        group.runUntil(() -> group.allApplied(1), 100 * MS);
        assertThat(group.count(0, PbftCounter.DROPPED_MESSAGE_BUDGET)).isGreaterThan(4_000);
        assertThat(group.count(1, PbftCounter.DROPPED_MESSAGE_BUDGET)).isZero();
    }

    @Test
    void shouldLookForRefusedRequestsOnlySoOften() {
        final TestGroup group = new TestGroup(4, 1);
        group.submit(3, "makes low numbers stale");
        group.runUntil(() -> group.allApplied(1), 100 * MS);
        final Forger flooder = new Forger(group, 3);
        final Forger primary = new Forger(group, 0);
        final UnsafeBuffer wanted = flooder.request(3, 1, "stale, but a slot lacks it");
        primary.sayPrePrepare(0, 2, primary.batch(wanted), 1);
        group.runFor(MS);
        final long acceptedBefore = group.count(1, PbftCounter.REQUESTS_ACCEPTED);
        group.delayMaxNs = group.delayMinNs;
        for (int i = 0; i < 1_000; i++) {
            flooder.sayRequest(flooder.request(3, 2 + i % 32, "stale " + i), 1);
        }
        flooder.sayRequest(wanted, 1);
        group.runFor(MS);
        assertThat(group.count(1, PbftCounter.DROPPED_STALE_REQUEST)).isEqualTo(1_001);
        assertThat(group.count(1, PbftCounter.DROPPED_SEARCH_BUDGET)).isGreaterThan(900);
        assertThat(group.count(1, PbftCounter.REQUESTS_ACCEPTED)).isEqualTo(acceptedBefore);
        new Forger(group, 2).sayRequest(wanted, 1);
        group.runFor(MS);
        assertThat(group.count(1, PbftCounter.REQUESTS_ACCEPTED))
                .as("from somebody else")
                .isEqualTo(acceptedBefore + 1);
    }

    @Test
    void shouldAnswerAPeerThatRepeatsItsVoteWhateverOthersRepeat() {
        final TestGroup group = new TestGroup(4, 1);
        group.submit(1, "r");
        group.runUntil(() -> group.allApplied(1) && group.peers[0].replica.committedSequence() == 1, 100 * MS);
        // Until every honest commit has arrived: a forged one is a repetition then.
        group.runFor(5 * MS);
        final int[] answers = new int[4];
        group.filter = (from, to, template, message) -> {
            answers[to] += from == 0 && template == CommittedDecoder.TEMPLATE_ID ? 1 : 0;
            return from != 1;
        };
        final Digest256 digest = group.peers[0].replica.log.slot(1).committedDigest;
        final Forger flooder = new Forger(group, 3);
        for (int i = 0; i < 100; i++) {
            flooder.sayCommit(0, 1, digest, 0);
        }
        new Forger(group, 2).sayCommit(0, 1, digest, 0);
        group.runFor(MS);
        assertThat(answers[2]).isEqualTo(1);
        assertThat(answers[3]).as("not for each of the hundred").isBetween(1, 4);
    }

    @Test
    void shouldNotAnswerRepeatedVotesBeyondWhatAPeerIsServed() {
        final TestGroup group = new TestGroup(4, 1);
        group.submit(1, "x".repeat(15_000));
        group.runUntil(() -> group.allApplied(1) && group.peers[0].replica.committedSequence() == 1, 100 * MS);
        final LogSlot slot = group.peers[0].replica.log.slot(1);
        final Digest256 request = slot.committedBatch.request(0).digest();
        final Forger flooder = new Forger(group, 3);
        for (int i = 0; i < 100; i++) {
            flooder.say(publisher -> publisher.fetchRequest(0, request), 0);
        }
        group.runFor(MS);
        // What is left is too little for a body, and not yet for a list of digests.
        for (int i = 0; i < 600; i++) {
            flooder.say(publisher -> publisher.fetchBatch(0, 1, slot.committedDigest), 0);
        }
        group.runFor(MS);
        final int[] answers = new int[4];
        group.filter = (from, to, template, message) -> {
            answers[to] += from == 0 && template == CommittedDecoder.TEMPLATE_ID ? 1 : 0;
            return true;
        };
        flooder.sayCommit(0, 1, slot.committedDigest, 0);
        new Forger(group, 2).sayCommit(0, 1, slot.committedDigest, 0);
        group.runFor(MS);
        assertThat(answers[3]).isZero();
        assertThat(answers[2]).isEqualTo(1);
    }

    @Test
    void shouldServeAClientAlthoughAnotherFillsItsBudget() {
        final TestGroup group = new TestGroup(4, 1, context -> context.inFlightMax(2));
        final String body = "x".repeat(15_000);
        for (int i = 0; i < 64; i++) {
            group.submit(3, i + body);
        }
        group.runFor(MS);
        group.submit(1, "small");
        group.runUntil(() -> group.peers[1].replies.size() == 1, 1000 * MS);
        assertThat(group.peers[0].register.applied.indexOf("1:small"))
                .as("after what was under way when it came; in order of arrival it would be the 65th")
                .isBetween(0, 16);
        group.runUntil(() -> group.allApplied(65), 5000 * MS);
        group.assertSameHistories();
    }

    @Test
    void shouldRepeatSoonOnceRoundTripsAreKnown() {
        final TestGroup group = new TestGroup(4, 1);
        assertThat(group.peers[0].replica.roundTrips.pauseNs()).isEqualTo(5 * MS);
        for (int i = 0; i < 10; i++) {
            group.submit(1, "r" + i);
            group.runFor(5 * MS);
        }
        for (final TestPeer peer : group.peers) {
            assertThat(peer.replica.roundTrips.pauseNs()).isEqualTo(MS);
        }
        group.delayMinNs = 10 * MS;
        group.delayMaxNs = 11 * MS;
        for (int i = 0; i < 60; i++) {
            group.submit(1, "s" + i);
            group.runFor(60 * MS);
        }
        for (final TestPeer peer : group.peers) {
            assertThat(peer.replica.roundTrips.pauseNs()).isBetween(10 * MS, 40 * MS);
        }
    }
}
