package io.quorate.engine.decision;

import io.quorate.engine.coordination.ContributionOutcome;
import io.quorate.engine.coordination.CoordinatorContext;
import io.quorate.engine.coordination.PeerOutput;
import java.util.ArrayList;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** A decision machine with everything that it told, driven by readable commands. */
final class MachineRun implements AutoCloseable, RoundListener {
    final DecisionMachine machine;
    final List<Decision> decisions = new ArrayList<>();
    final List<String> events = new ArrayList<>();

    private final ExpandableArrayBuffer command = new ExpandableArrayBuffer();
    private final UnsafeBuffer reply = new UnsafeBuffer(new byte[256]);
    private long sequence;

    MachineRun(final DecisionContext context) {
        machine = new DecisionMachine(context, this);
    }

    static CoordinatorContext settings(final int peers, final int dimension, final int heads) {
        return new CoordinatorContext().peerCount(peers).dimension(dimension).heads(heads);
    }

    static MachineRun of(final int peers) {
        return new MachineRun(context(peers).conclude());
    }

    static DecisionContext context(final int peers) {
        return new DecisionContext().coordinator(settings(peers, 8, 2).conclude());
    }

    static float[] vector(final int seed) {
        final float[] vector = new float[8];
        for (int i = 0; i < vector.length; i++) {
            vector[i] = (float) StrictMath.sin(1.7 * seed + i);
        }
        return vector;
    }

    ContributionOutcome contribute(final int peer, final String round, final String content, final float... vector) {
        final int length = PeerOutput.encode(command, 0, round, "type-" + peer, content, vector);
        return apply(peer, command, length);
    }

    ContributionOutcome contribute(final int peer, final String round, final String content) {
        return contribute(peer, round, content, vector(peer));
    }

    ContributionOutcome deadline(final int peer, final String round) {
        return apply(peer, command, DeadlineCommand.encode(command, 0, round));
    }

    ContributionOutcome apply(final int peer, final DirectBuffer request, final int length) {
        final int replyLength = machine.apply(++sequence, peer, request, 0, length, reply, 3);
        if (replyLength != 1) {
            throw new AssertionError("a reply has one byte, given " + replyLength);
        }
        return ContributionOutcome.of(reply.getByte(3));
    }

    byte[] snapshot() {
        final ExpandableArrayBuffer buffer = new ExpandableArrayBuffer();
        final int length = machine.snapshot(buffer, 5);
        final byte[] bytes = new byte[length];
        buffer.getBytes(5, bytes);
        return bytes;
    }

    void restore(final byte[] snapshot) {
        machine.restore(new UnsafeBuffer(snapshot), 0, snapshot.length);
    }

    void at(final long sequence) {
        this.sequence = sequence;
    }

    long sequence() {
        return sequence;
    }

    Decision lastDecision() {
        return decisions.get(decisions.size() - 1);
    }

    @Override
    public void onRoundOpened(final String round, final long sequence) {
        events.add("opened " + round + " " + sequence);
    }

    @Override
    public void onRoundClosed(final Decision decision) {
        events.add("closed " + decision.round() + " " + decision.sequence());
        decisions.add(decision);
    }

    @Override
    public void onRestored() {
        events.add("restored");
    }

    @Override
    public void onRoundRecovered(
            final String round, final long sequence, final Decision.Status status, final byte[] digest) {
        events.add("recovered " + round + " " + sequence + " " + status.label());
    }

    @Override
    public void close() {
        machine.close();
    }
}
