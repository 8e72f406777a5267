package io.quorate.engine.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.coordination.CoordinatorContext;
import io.quorate.engine.coordination.PeerOutput;
import io.quorate.engine.decision.DecisionContext;
import io.quorate.engine.decision.DecisionMachine;
import io.quorate.engine.decision.DecisionMachine.RoundStatus;
import io.quorate.engine.epoch.EpochMachine;
import io.quorate.engine.epoch.ReconfigureCommand;
import io.quorate.engine.epoch.Verdict;
import io.quorate.engine.ordering.ClientTable;
import io.quorate.engine.ordering.Execution.Standing;
import io.quorate.engine.virtual.SimKeys;
import io.quorate.engine.virtual.SimRandom;
import io.quorate.transport.auth.Roster;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.agrona.DirectBuffer;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Who hears of rounds that a tentative sequence moves, and when. */
class KernelAgentTest {
    private static final int PEERS = 4;

    private final JobRing jobs = new JobRing(1 << 20, 3);
    private final ResultRing results = new ResultRing(1 << 20);
    private final SimKeys keys = new SimKeys(PEERS, new SimRandom(1));
    private final Roster roster = roster(1, PEERS);
    private final KernelAgent agent = new KernelAgent(
            jobs,
            results,
            new DecisionContext()
                    .coordinator(new CoordinatorContext()
                            .peerCount(PEERS)
                            .dimension(8)
                            .heads(2)
                            .conclude())
                    .conclude(),
            new ClientTable(PEERS, 8),
            rounds -> new EpochMachine(roster, keys.verifier(roster), 4, 8, next -> next.size() <= PEERS + 1, rounds));
    private final ExpandableArrayBuffer command = new ExpandableArrayBuffer();
    private final List<String> seen = new ArrayList<>();
    private DirectBuffer snapshot;

    @AfterEach
    void close() {
        agent.onClose();
    }

    @Test
    void shouldTellOfATentativeRoundWhenItHasCommitted() {
        contribute(1, Standing.TENTATIVE, 0, "r");
        assertThat(work()).containsExactly("reply 1");
        jobs.confirm(1);
        assertThat(work()).containsExactly("opened r");
    }

    @Test
    void shouldForgetATentativeRoundThatIsTakenBack() {
        takeCheckpoint(0);
        contribute(1, Standing.TENTATIVE, 0, "r");
        jobs.rollBack(0, snapshot, 0, snapshot.capacity());
        jobs.confirm(1);
        assertThat(work()).containsExactly("reply 1", "back to 0");
        contribute(1, Standing.FINAL, 1, "s");
        assertThat(work()).containsExactly("opened s", "reply 1");
        assertThat(status("r")).isEqualTo(RoundStatus.Standing.UNKNOWN);
    }

    @Test
    void shouldRepeatSilentlyWhatHadCommitted() {
        takeCheckpoint(0);
        for (int peer = 0; peer < PEERS; peer++) {
            contribute(1 + peer, Standing.FINAL, peer, "r");
        }
        assertThat(work()).containsExactly("opened r", "reply 1", "reply 2", "reply 3", "closed r", "reply 4");
        contribute(5, Standing.TENTATIVE, 0, "s");
        jobs.rollBack(0, snapshot, 0, snapshot.capacity());
        for (int peer = 0; peer < PEERS; peer++) {
            contribute(1 + peer, Standing.REPEATED, peer, "r");
        }
        assertThat(work()).containsExactly("reply 5", "back to 0");
        assertThat(status("r")).isEqualTo(RoundStatus.Standing.AGREED);
        assertThat(status("s")).isEqualTo(RoundStatus.Standing.UNKNOWN);
    }

    @Test
    void shouldForgetATentativeRoundWhenAnotherStateIsRestored() {
        takeCheckpoint(0);
        contribute(1, Standing.TENTATIVE, 0, "r");
        jobs.restore(8, snapshot, 0, snapshot.capacity());
        jobs.confirm(1);
        assertThat(work()).containsExactly("reply 1", "Restored", "restored 8");
    }

    @Test
    void shouldEndTheEpochByAnOrderedCommand() {
        takeCheckpoint(0);
        assertThat(jobs.lastSequence(snapshot, 0, snapshot.capacity())).isEqualTo(Long.MAX_VALUE);
        assertThat(verdict(1, command(roster(2, PEERS + 2), 0, 1, 2))).isEqualTo(Verdict.REFUSED_STEP);
        assertThat(verdict(2, command(roster(2, PEERS + 1), 0, 1))).isEqualTo(Verdict.TOO_FEW_APPROVALS);
        takeCheckpoint(4);
        assertThat(jobs.lastSequence(snapshot, 0, snapshot.capacity())).isEqualTo(Long.MAX_VALUE);

        final byte[] step = command(roster(2, PEERS + 1), 0, 1, 2);
        assertThat(jobs.mayEndEpoch(new UnsafeBuffer(step), 0, step.length)).isTrue();
        assertThat(verdict(5, step)).isEqualTo(Verdict.ACCEPTED);
        takeCheckpoint(8);
        assertThat(jobs.lastSequence(snapshot, 0, snapshot.capacity())).isEqualTo(12);
    }

    private byte[] command(final Roster next, final int... signers) {
        final Map<Integer, byte[]> approvals = new TreeMap<>();
        for (final int signer : signers) {
            approvals.put(signer, ReconfigureCommand.approve(keys.signer(roster, signer), roster, next));
        }
        final byte[] bytes = ReconfigureCommand.encode(roster, next, approvals);
        assertThat(jobs.mayEndEpoch(new UnsafeBuffer(bytes), 0, bytes.length)).isEqualTo(signers.length >= 3);
        return bytes;
    }

    private Verdict verdict(final long sequence, final byte[] bytes) {
        assertThat(jobs.execute(sequence, Standing.FINAL, 0, sequence, new UnsafeBuffer(bytes), 0, bytes.length))
                .isTrue();
        agent.doWork();
        final Verdict[] found = new Verdict[1];
        results.drain(
                (type, buffer, index, lengthBytes) -> found[0] =
                        Verdict.of(buffer, index + ResultRing.BODY_OFFSET, lengthBytes - ResultRing.BODY_OFFSET),
                10);
        return found[0];
    }

    private static Roster roster(final long epoch, final int size) {
        final List<Roster.Peer> peers = new ArrayList<>();
        for (int id = 0; id < size; id++) {
            peers.add(new Roster.Peer(id, "p" + id, "10.0.0.1", 40_000 + id, SimKeys.publicKey(id)));
        }
        return Roster.of(epoch, peers, Map.of());
    }

    private void takeCheckpoint(final long sequence) {
        jobs.checkpoint(sequence);
        assertThat(work()).containsExactly("checkpoint " + sequence);
    }

    private void contribute(final long sequence, final Standing standing, final int peer, final String round) {
        final float[] vector = new float[8];
        vector[peer] = 1;
        final int length = PeerOutput.encode(command, 0, round, "", "yes", vector);
        assertThat(jobs.execute(sequence, standing, peer, sequence, command, 0, length))
                .isTrue();
    }

    private RoundStatus.Standing status(final String round) {
        final int length = DecisionMachine.encodeQuery(command, 0, round);
        assertThat(jobs.read(77, 0, command, 0, length)).isTrue();
        final RoundStatus.Standing[] found = new RoundStatus.Standing[1];
        agent.doWork();
        results.drain(
                (type, buffer, index, lengthBytes) -> {
                    assertThat(type).isEqualTo(ResultRing.READ);
                    assertThat(buffer.getLong(index + ResultRing.SEQUENCE_OFFSET))
                            .isEqualTo(77);
                    found[0] = RoundStatus.decode(
                                    buffer, index + ResultRing.BODY_OFFSET, lengthBytes - ResultRing.BODY_OFFSET)
                            .standing();
                },
                10);
        return found[0];
    }

    private List<String> work() {
        seen.clear();
        while (agent.doWork() > 0) {
            // Until the ring is empty.
        }
        results.drain(
                (type, buffer, index, lengthBytes) -> {
                    final long sequence = buffer.getLong(index + ResultRing.SEQUENCE_OFFSET);
                    switch (type) {
                        case ResultRing.REPLY -> seen.add("reply " + sequence);
                        case ResultRing.ROLLED_BACK -> seen.add("back to " + sequence);
                        case ResultRing.RESTORED -> seen.add("restored " + sequence);
                        case ResultRing.EVENT -> seen.add(text((RoundEvent) results.takeObject()));
                        default -> {
                            final DirectBuffer taken = (DirectBuffer) results.takeObject();
                            final UnsafeBuffer copy = new UnsafeBuffer(new byte[taken.capacity()]);
                            copy.putBytes(0, taken, 0, taken.capacity());
                            snapshot = copy;
                            seen.add("checkpoint " + sequence);
                        }
                    }
                },
                100);
        return seen;
    }

    private static String text(final RoundEvent event) {
        if (event instanceof RoundEvent.Opened opened) {
            return "opened " + opened.round();
        }
        return event instanceof RoundEvent.Closed closed
                ? "closed " + closed.decision().round()
                : event.getClass().getSimpleName();
    }
}
