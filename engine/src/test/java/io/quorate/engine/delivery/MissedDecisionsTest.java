package io.quorate.engine.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.coordination.CoordinatorContext;
import io.quorate.engine.coordination.PeerOutput;
import io.quorate.engine.decision.CertificateCollector;
import io.quorate.engine.decision.Decision;
import io.quorate.engine.decision.DecisionContext;
import io.quorate.engine.decision.DecisionMachine;
import io.quorate.engine.decision.RoundListener;
import io.quorate.transport.Outbox;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/** Three peers that computed decisions, and one that restored a state with their digests. */
class MissedDecisionsTest {
    private static final long MS = 1_000_000L;
    private static final int PEERS = 4;

    private final List<Peer> peers = new ArrayList<>();
    private final ArrayDeque<Runnable> network = new ArrayDeque<>();
    private final List<Decision> decisions = decisions("a", "b", "c");

    MissedDecisionsTest() {
        for (int id = 0; id < PEERS; id++) {
            peers.add(new Peer(id));
        }
    }

    @Test
    void shouldFetchWhatARestoredStatePassesOver() {
        computeAtTheFirstThree();
        restoreAtTheLast();
        assertThat(last().missed.missedCount()).isEqualTo(3);
        run(0);
        assertThat(last().fetched).containsExactlyElementsOf(decisions);
        assertThat(last().missed.fetchedCount()).isEqualTo(3);
        assertThat(last().missed.missedCount()).isZero();
        // And answers others from now on.
        peers.get(0).missed.onQuery(3, decisions.get(0).digest(), 0);
        assertThat(network).hasSize(1);
    }

    @Test
    void shouldNotAskForWhatItSaw() {
        last().missed.onDecision(decisions.get(0));
        last().missed.seenUpTo(decisions.get(1).sequence());
        restoreAtTheLast();
        assertThat(last().missed.missedCount()).isEqualTo(1);
        restoreAtTheLast();
        assertThat(last().missed.missedCount()).isEqualTo(1);
    }

    @Test
    void shouldAskAnotherPeerWhenOneIsSilentOrLies() {
        peers.get(2).missed.onDecision(decisions.get(1));
        restoreAtTheLast();
        // Peer 0, who is asked first, knows none of them and sends something else.
        final byte[] wrong = decisions.get(0).encode();
        wrong[wrong.length - 1] ^= 1;
        last().missed.onTick(0);
        last().missed.onCopy(0, new UnsafeBuffer(wrong), 0, wrong.length);
        assertThat(last().fetched).isEmpty();
        for (long now = 0; now < 1_000 * MS; now += MS) {
            run(now);
        }
        assertThat(last().fetched).containsExactly(decisions.get(1));
    }

    @Test
    void shouldTakeNothingFromAPeerThatItDidNotAsk() {
        restoreAtTheLast();
        final byte[] record = decisions.get(0).encode();
        last().missed.onCopy(1, new UnsafeBuffer(record), 0, record.length);
        assertThat(last().fetched).isEmpty();
    }

    @Test
    void shouldGiveUpWhatNobodyKnows() {
        restoreAtTheLast();
        int questions = 0;
        for (long now = 0; now < 120_000 * MS; now += 10 * MS) {
            questions += last().missed.onTick(now);
            network.clear();
        }
        assertThat(questions).isEqualTo(3 * MissedDecisions.CIRCLES_MAX * (PEERS - 1));
        assertThat(last().missed.missedCount()).isZero();
        assertThat(last().missed.lostCount()).isEqualTo(3);
    }

    @Test
    void shouldBoundWhatIsWantedAndSayWhatIsLost() {
        for (int i = 0; i < CertificateCollector.RECOVERED_ROUNDS_MAX + 5; i++) {
            final byte[] digest = new byte[32];
            digest[0] = (byte) i;
            last().missed.onRoundRecovered(i + 1, digest);
        }
        assertThat(last().missed.missedCount()).isEqualTo(CertificateCollector.RECOVERED_ROUNDS_MAX);
        assertThat(last().missed.lostCount()).isEqualTo(5);
        assertThat(last().missed.onTick(0)).isEqualTo(MissedDecisions.ASKED_MAX);
    }

    @Test
    void shouldAnswerOnePeerOnlySoOften() {
        computeAtTheFirstThree();
        for (int i = 0; i < 10_000; i++) {
            peers.get(0).missed.onQuery(3, decisions.get(0).digest(), 0);
        }
        assertThat(network.size()).isBetween(1, 100);
        network.clear();
        peers.get(0).missed.onQuery(2, decisions.get(0).digest(), 0);
        peers.get(0).missed.onQuery(0, decisions.get(0).digest(), 0);
        peers.get(0).missed.onQuery(PEERS, decisions.get(0).digest(), 0);
        assertThat(network).hasSize(1);
    }

    @Test
    void shouldGoOnInTheNextEpoch() {
        computeAtTheFirstThree();
        restoreAtTheLast();
        final Peer next = new Peer(3);
        next.missed.adopt(last().missed);
        peers.set(3, next);
        run(0);
        assertThat(next.fetched).containsExactlyElementsOf(decisions);
    }

    @Test
    void shouldNotSendWhatIsTooLong() {
        final Peer narrow = new Peer(0, 100);
        narrow.missed.onDecision(decisions.get(0));
        narrow.missed.onQuery(1, decisions.get(0).digest(), 0);
        assertThat(network).isEmpty();
    }

    private Peer last() {
        return peers.get(3);
    }

    private void computeAtTheFirstThree() {
        for (int id = 0; id < 3; id++) {
            decisions.forEach(peers.get(id).missed::onDecision);
        }
    }

    private void restoreAtTheLast() {
        for (final Decision decision : decisions) {
            last().missed.onRoundRecovered(decision.sequence(), decision.digest());
        }
        last().missed.seenUpTo(decisions.getLast().sequence());
    }

    private void run(final long nowNs) {
        last().missed.onTick(nowNs);
        while (!network.isEmpty()) {
            network.removeFirst().run();
        }
    }

    private static List<Decision> decisions(final String... rounds) {
        final List<Decision> decisions = new ArrayList<>();
        final DecisionContext context = context(0);
        final RoundListener listener = new RoundListener() {
            @Override
            public void onRoundOpened(final String round, final long sequence) {}

            @Override
            public void onRoundClosed(final Decision decision) {
                decisions.add(decision);
            }

            @Override
            public void onRestored() {}

            @Override
            public void onRoundRecovered(
                    final String round, final long sequence, final Decision.Status status, final byte[] digest) {}
        };
        try (DecisionMachine machine = new DecisionMachine(context, listener)) {
            final ExpandableArrayBuffer command = new ExpandableArrayBuffer();
            final UnsafeBuffer reply = new UnsafeBuffer(new byte[64]);
            long sequence = 0;
            for (final String round : rounds) {
                for (int id = 0; id < PEERS; id++) {
                    final float[] vector = new float[8];
                    Arrays.fill(vector, id + 0.5f);
                    final int length = PeerOutput.encode(command, 0, round, "sensor", "yes", vector);
                    machine.apply(++sequence, id, command, 0, length, reply, 0);
                }
            }
        }
        return decisions;
    }

    private static DecisionContext context(final int selfId) {
        return new DecisionContext()
                .coordinator(new CoordinatorContext()
                        .peerCount(PEERS)
                        .dimension(8)
                        .heads(2)
                        .conclude())
                .selfId(selfId)
                .conclude();
    }

    private final class Peer implements Outbox {
        final List<Decision> fetched = new ArrayList<>();
        final MissedDecisions missed;
        private final DeliveryAdapter adapter;
        private final int id;

        Peer(final int id) {
            this(id, 64 * 1024);
        }

        Peer(final int id, final int messageLengthMax) {
            this.id = id;
            missed = new MissedDecisions(context(id), new DeliveryPublisher(this, messageLengthMax), fetched::add);
            adapter = new DeliveryAdapter(missed);
        }

        @Override
        public boolean send(final int to, final DirectBuffer message, final int offset, final int lengthBytes) {
            final byte[] bytes = new byte[lengthBytes];
            message.getBytes(offset, bytes);
            network.addLast(
                    () -> assertThat(peers.get(to).adapter.onMessage(id, new UnsafeBuffer(bytes), 0, bytes.length, 0))
                            .isTrue());
            return true;
        }

        @Override
        public void flush() {}
    }
}
