package io.quorate.engine.pbft;

import static io.quorate.engine.pbft.TestGroup.MS;
import static org.assertj.core.api.Assertions.assertThat;

import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/** Peers that sign two things: everybody gets to know, and nobody is accused of what an honest peer may do. */
class EvidenceAttackTest {
    private static final NewView.Claims NO_CLAIMS = new NewView.Claims(0);

    /** Nobody is told both; the backups find out from each other's prepares, and everybody learns of it. */
    @Test
    void shouldProveThatThePrimaryToldTwoHalvesDifferentThings() {
        final TestGroup group = new TestGroup(4, 1);
        group.crash(0);
        final Forger primary = new Forger(group, 0);
        final UnsafeBuffer a = new Forger(group, 3).request(3, 1, "a");
        final UnsafeBuffer b = new Forger(group, 3).request(3, 2, "b");
        primary.sayRequest(a, 1, 2, 3);
        primary.sayRequest(b, 1, 2, 3);
        group.runFor(2 * MS);
        primary.sayPrePrepare(0, 1, primary.batch(a), 1);
        primary.sayPrePrepare(0, 1, primary.batch(b), 2);
        group.runFor(20 * MS);
        for (int id = 1; id < 4; id++) {
            assertThat(group.peers[id].evidence).as("peer %d", id).hasSize(1);
            assertThat(group.peers[id].evidence.getFirst().accusedId()).isZero();
            assertThat(group.peers[id].replica.evidence()).isEqualTo(group.peers[id].evidence);
        }
        // One that was away learns of it later.
        group.restart(0);
        group.runUntil(() -> group.peers[0].evidence.size() == 1, 1000 * MS);
        group.runUntil(() -> group.allApplied(2), 5000 * MS);
        group.assertSameHistories();
    }

    @Test
    void shouldProveThatAPeerSignedTwoStatesOfOneCheckpoint() {
        final TestGroup group = new TestGroup(4, 1);
        for (int i = 0; i < 7; i++) {
            group.submit(1, "r" + i);
            group.runFor(5 * MS);
        }
        final Forger liar = new Forger(group, 3);
        group.crash(3);
        liar.sayCheckpoint(8, liar.digestOf(liar.request(3, 1, "one state")), 0);
        liar.sayCheckpoint(8, liar.digestOf(liar.request(3, 1, "another")), 0);
        group.runFor(5 * MS);
        for (int id = 0; id < 3; id++) {
            assertThat(group.peers[id].evidence).as("peer %d", id).hasSize(1);
            assertThat(group.peers[id].evidence.getFirst().accusedId()).isEqualTo(3);
            assertThat(group.peers[id].evidence.getFirst().sequence()).isEqualTo(8);
        }
    }

    /** An honest peer that lost its memory may sign two view changes, and two new views, of one view: they prove nothing. */
    @Test
    void shouldNotTakeTwoViewChangesOfOneViewAsProof() {
        final TestGroup group = new TestGroup(4, 1);
        final Forger forgetful = new Forger(group, 3);
        final NewView.Claims claims = new NewView.Claims(1);
        claims.set(0, 1, 0, forgetful.digestOf(forgetful.request(3, 1, "x")));
        forgetful.sayViewChange(forgetful.vote(1, NO_CLAIMS, NO_CLAIMS), 0, 1, 2);
        forgetful.sayViewChange(forgetful.vote(1, claims, claims), 0, 1, 2);
        group.runFor(50 * MS);
        for (final TestPeer peer : group.peers) {
            assertThat(peer.evidence).isEmpty();
        }
    }
}
