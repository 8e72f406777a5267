package io.quorate.engine.agent;

import io.quorate.engine.coordination.ContributionOutcome;
import io.quorate.engine.decision.Certificate;
import io.quorate.engine.decision.CertificateCollector;
import io.quorate.engine.decision.DeadlineCommand;
import io.quorate.engine.decision.Decision;
import io.quorate.engine.decision.DecisionAdapter;
import io.quorate.engine.decision.DecisionContext;
import io.quorate.engine.decision.DecisionMachine.RoundStatus;
import io.quorate.engine.decision.DecisionPublisher;
import io.quorate.engine.decision.RoundDeadlines;
import io.quorate.engine.journal.DurableGate;
import io.quorate.engine.journal.JournalHistory;
import io.quorate.engine.journal.MemoryJournal;
import io.quorate.engine.metrics.Counters;
import io.quorate.engine.metrics.EngineCounter;
import io.quorate.engine.metrics.EngineStatus;
import io.quorate.engine.metrics.Invariant;
import io.quorate.engine.metrics.LatencyRecorder;
import io.quorate.engine.metrics.ReadCounter;
import io.quorate.engine.ordering.Ordering;
import io.quorate.engine.pbft.PbftAdapter;
import io.quorate.engine.pbft.PbftClient;
import io.quorate.engine.pbft.PbftContext;
import io.quorate.engine.pbft.PbftPublisher;
import io.quorate.engine.pbft.PbftReplica;
import io.quorate.engine.reading.ReadAdapter;
import io.quorate.engine.reading.ReadClient;
import io.quorate.engine.reading.ReadContext;
import io.quorate.engine.reading.ReadPublisher;
import io.quorate.engine.reading.ReadServer;
import io.quorate.transport.FrameHandler;
import io.quorate.transport.Outbox;
import io.quorate.transport.Transport;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.Verifier;
import io.quorate.transport.codecs.ContributionDecoder;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.agrona.DirectBuffer;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.collections.Long2LongHashMap;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.ControlledMessageHandler;
import org.agrona.concurrent.ControlledMessageHandler.Action;
import org.agrona.concurrent.MessageHandler;
import org.agrona.concurrent.NanoClock;

/**
 * The control plane: frames in, protocol, frames out. One turn polls the links, the kernel agent's results and the embedder's
 * commands, lets every timer look at the clock once, and flushes what waits to be sent. Owns all protocol state; never blocks,
 * never touches a file.
 */
public final class ConsensusAgent implements Agent {
    private static final int GATE_BYTES_MAX = 8 * 1024 * 1024;
    private static final int FRAMES_A_TURN = 16;
    private static final int RESULTS_A_TURN = 64;
    private static final int COMMANDS_A_TURN = 16;
    private static final long NO_TICKET = -1;

    private final NanoClock clock;
    private final Transport transport;
    private final Outbox outbox;
    private final DurableGate gate;
    private final ResultRing results;
    private final CommandRing commands;
    private final Mailbox mailbox;
    private final Consumer<CertifiedDecision> onDecision;
    private final PbftReplica replica;
    private final PbftClient client;
    private final PbftAdapter pbftAdapter;
    private final ReadServer readServer;
    private final ReadClient readClient;
    private final ReadAdapter readAdapter;
    private final CertificateCollector collector;
    private final DecisionAdapter decisionAdapter;
    private final RoundDeadlines deadlines;
    private final StatusReport report;
    private final RoundClock rounds = new RoundClock();
    private final Counters<EngineCounter> counters = new Counters<>(EngineCounter.class);
    private final LatencyRecorder decisionLatency = new LatencyRecorder();
    private final Long2LongHashMap ticketByRequest = new Long2LongHashMap(NO_TICKET);
    private final Long2LongHashMap ticketByRead = new Long2LongHashMap(NO_TICKET);
    private final ExpandableArrayBuffer deadlineCommand = new ExpandableArrayBuffer();
    private final MessageHeaderDecoder header = new MessageHeaderDecoder();
    private final ContributionDecoder contribution = new ContributionDecoder();
    private final FrameHandler onMessage = this::onMessage;
    private final MessageHandler onResult = this::onResult;
    private final ControlledMessageHandler onCommand = this::onCommand;
    private long nowNs;

    /**
     * The agent's surroundings; the composition root fills it.
     *
     * @param packetsRefused packets that did not reach a link: strangers' addresses and streams
     * @param journal null in memory-only mode
     * @param history what the journal held at the start; null in memory-only mode
     * @param onDecision told about each certified decision on the agent's thread; must not block
     */
    public record Surroundings(
            NanoClock clock,
            Transport transport,
            Signer signer,
            Verifier verifier,
            JobRing jobs,
            ResultRing results,
            CommandRing commands,
            Mailbox mailbox,
            EngineStatus identity,
            LongSupplier packetsRefused,
            JournalRing journal,
            JournalHistory history,
            Consumer<CertifiedDecision> onDecision) {}

    /**
     * @param pbft concluded
     * @param decision concluded
     */
    public ConsensusAgent(final Surroundings surroundings, final PbftContext pbft, final DecisionContext decision) {
        clock = surroundings.clock();
        transport = surroundings.transport();
        results = surroundings.results();
        commands = surroundings.commands();
        mailbox = surroundings.mailbox();
        onDecision = surroundings.onDecision();
        final JournalRing journal = surroundings.journal();
        gate = journal == null ? null : new DurableGate(journal, transport.outbox(), GATE_BYTES_MAX);
        outbox = journal == null ? transport.outbox() : gate;
        final PbftPublisher publisher = new PbftPublisher(pbft, transport.outbox(), gate);
        report = new StatusReport(surroundings.identity(), surroundings.packetsRefused(), journal);
        replica = new PbftReplica(
                pbft,
                publisher,
                surroundings.signer(),
                surroundings.verifier(),
                surroundings.jobs(),
                report,
                journal == null ? MemoryJournal.INSTANCE : journal);
        client = new PbftClient(pbft, publisher, surroundings.signer(), replica, this::onReply);
        pbftAdapter = new PbftAdapter(replica, client);
        final ReadContext reads = new ReadContext()
                .peerCount(pbft.peerCount())
                .selfId(pbft.selfId())
                .quorum(pbft.quorum())
                .clientWindow(pbft.clientWindow())
                .isUnordered(pbft.isReading())
                .conclude();
        final Counters<ReadCounter> readCounters = new Counters<>(ReadCounter.class);
        final ReadPublisher readPublisher = new ReadPublisher(reads, outbox);
        readServer = new ReadServer(reads, readPublisher, replica.order(), surroundings.jobs(), readCounters);
        readClient = new ReadClient(
                reads, pbft.firstRequestNumber(), readPublisher, readServer, client, this::onAnswer, readCounters);
        readAdapter = new ReadAdapter(reads, readServer, readClient, readCounters);
        collector = new CertificateCollector(
                decision,
                surroundings.signer(),
                surroundings.verifier(),
                new DecisionPublisher(transport.outbox()),
                new CertificateListener());
        decisionAdapter = new DecisionAdapter(collector);
        deadlines = new RoundDeadlines(decision, this::submitDeadline);
        if (journal != null) {
            replica.restart(surroundings.history(), clock.nanoTime());
        }
    }

    @Override
    public String roleName() {
        return "consensus";
    }

    @Override
    public void onStart() {
        nowNs = clock.nanoTime();
    }

    @Override
    public int doWork() {
        nowNs = clock.nanoTime();
        int workCount = transport.doWork(nowNs);
        workCount += transport.inbox().poll(onMessage, FRAMES_A_TURN);
        workCount += results.drain(onResult, RESULTS_A_TURN);
        // Before the embedder's commands: a busy embedder must not keep this peer from ending rounds.
        workCount += deadlines.onTick(nowNs);
        workCount += commands.drain(onCommand, COMMANDS_A_TURN);
        if (commands.takeStatusRequest()) {
            tell(report.status(replica, counters, decisionLatency, transport.counters()));
        }
        replica.onTick(nowNs);
        client.onTick(nowNs);
        readServer.onTick();
        readClient.onTick(nowNs);
        workCount += collector.onTick(nowNs);
        countGate();
        outbox.flush();
        return workCount;
    }

    private void countGate() {
        if (gate != null) {
            counters.set(EngineCounter.VOTES_HELD, gate.heldCount());
            counters.set(EngineCounter.VOTES_DROPPED, gate.droppedCount());
        }
    }

    @Override
    public void onClose() {
        transport.close();
    }

    private void onMessage(final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes) {
        if (!pbftAdapter.onMessage(senderId, buffer, offset, lengthBytes, nowNs)
                && !readAdapter.onMessage(senderId, buffer, offset, lengthBytes)
                && !decisionAdapter.onMessage(senderId, buffer, offset, lengthBytes, nowNs)) {
            counters.increment(EngineCounter.MESSAGES_UNKNOWN);
        }
    }

    private void onResult(final int type, final MutableDirectBuffer buffer, final int index, final int lengthBytes) {
        final long sequence = buffer.getLong(index + ResultRing.SEQUENCE_OFFSET);
        final long requestNumber = buffer.getLong(index + ResultRing.REQUEST_NUMBER_OFFSET);
        switch (type) {
            case ResultRing.REPLY ->
                replica.onReply(
                        sequence,
                        (int) buffer.getLong(index + ResultRing.CLIENT_ID_OFFSET),
                        requestNumber,
                        buffer,
                        index + ResultRing.BODY_OFFSET,
                        lengthBytes - ResultRing.BODY_OFFSET);
            case ResultRing.CHECKPOINT -> {
                final DirectBuffer snapshot = (DirectBuffer) results.takeObject();
                replica.onCheckpoint(sequence, snapshot, 0, snapshot.capacity());
            }
            case ResultRing.RESTORED -> replica.onRestored(sequence, requestNumber == 1);
            case ResultRing.READ ->
                readServer.onRead(
                        sequence, buffer, index + ResultRing.BODY_OFFSET, lengthBytes - ResultRing.BODY_OFFSET);
            case ResultRing.ROLLED_BACK -> replica.onRolledBack(sequence);
            case ResultRing.EVENT -> onRoundEvent((RoundEvent) results.takeObject());
            default -> throw new IllegalStateException("result of unknown type " + type);
        }
    }

    private void onRoundEvent(final RoundEvent event) {
        if (event instanceof RoundEvent.Opened opened) {
            onRoundOpened(opened.round());
        } else if (event instanceof RoundEvent.Closed closed) {
            onRoundClosed(closed.decision());
        } else if (event instanceof RoundEvent.Restored restored) {
            deadlines.onRestored();
            restored.open().forEach(opened -> onRoundOpened(opened.round()));
            for (final RoundEvent.Recovered closed : restored.closed()) {
                report.onRoundClosed(closed.round(), closed.sequence(), closed.status(), closed.digest());
                collector.onRoundRecovered(closed.round(), closed.sequence(), closed.digest(), nowNs);
            }
        }
    }

    private void onRoundOpened(final String round) {
        counters.increment(EngineCounter.ROUNDS_OPENED);
        rounds.onStart(round, nowNs);
        deadlines.onRoundOpened(round, nowNs);
    }

    private void onRoundClosed(final Decision decision) {
        counters.increment(EngineCounter.ROUNDS_CLOSED);
        deadlines.onRoundClosed(decision.round());
        report.onRoundClosed(decision.round(), decision.sequence(), decision.status(), decision.digest());
        // First, for it stops this peer if the certificate that came before is of another result.
        collector.onRoundClosed(decision.round(), decision.sequence(), decision.digest(), nowNs);
        deliver(rounds.onDecision(decision, collector.certificate(decision.round()), nowNs));
    }

    private void deliver(final CertifiedDecision certified) {
        if (certified != null) {
            counters.increment(EngineCounter.DECISIONS_CERTIFIED);
            decisionLatency.record(certified.decisionNanos());
            tell(certified);
            listen(certified);
        }
    }

    /** The embedder's code: its error is not the peer's, and the same error on every peer would stop the whole group. */
    private void listen(final CertifiedDecision certified) {
        try {
            onDecision.accept(certified);
        } catch (final RuntimeException e) {
            counters.increment(EngineCounter.LISTENER_FAILURES);
        }
    }

    private Action onCommand(final int type, final MutableDirectBuffer buffer, final int index, final int lengthBytes) {
        return switch (type) {
            case CommandRing.CONTRIBUTE -> contribute(buffer, index, lengthBytes);
            case CommandRing.QUERY -> query(buffer, index, lengthBytes);
            default -> throw new IllegalStateException("command of unknown type " + type);
        };
    }

    private Action query(final MutableDirectBuffer buffer, final int index, final int lengthBytes) {
        final int body = index + CommandRing.BODY_OFFSET;
        final long readNumber = readClient.read(buffer, body, lengthBytes - CommandRing.BODY_OFFSET, nowNs);
        if (readNumber == ReadClient.REFUSED) {
            return Action.ABORT;
        }
        ticketByRead.put(readNumber, buffer.getLong(index + CommandRing.TICKET_OFFSET));
        return Action.CONTINUE;
    }

    private void onAnswer(final long readNumber, final DirectBuffer answer, final int offset, final int lengthBytes) {
        final long ticket = ticketByRead.remove(readNumber);
        final RoundStatus status = RoundStatus.decode(answer, offset, lengthBytes);
        if (ticket != NO_TICKET && status != null) {
            tell(new Mailbox.Answer(ticket, status));
        }
    }

    private Action contribute(final MutableDirectBuffer buffer, final int index, final int lengthBytes) {
        final int body = index + CommandRing.BODY_OFFSET;
        final long requestNumber = client.submit(buffer, body, lengthBytes - CommandRing.BODY_OFFSET, nowNs);
        if (requestNumber == Ordering.REFUSED) {
            return Action.ABORT;
        }
        counters.increment(EngineCounter.CONTRIBUTIONS_SUBMITTED);
        ticketByRequest.put(requestNumber, buffer.getLong(index + CommandRing.TICKET_OFFSET));
        contribution.wrapAndApplyHeader(buffer, body, header);
        final byte[] round = new byte[contribution.roundLength()];
        contribution.getRound(round, 0, round.length);
        rounds.onStart(new String(round, StandardCharsets.UTF_8), buffer.getLong(index + CommandRing.START_OFFSET));
        return Action.CONTINUE;
    }

    private boolean submitDeadline(final String round) {
        final int lengthBytes = DeadlineCommand.encode(deadlineCommand, 0, round);
        if (client.submit(deadlineCommand, 0, lengthBytes, nowNs) == Ordering.REFUSED) {
            return false;
        }
        counters.increment(EngineCounter.DEADLINES_SUBMITTED);
        return true;
    }

    private void onReply(final long requestNumber, final DirectBuffer reply, final int offset, final int lengthBytes) {
        if (readClient.onReply(requestNumber, reply, offset, lengthBytes)) {
            return;
        }
        final long ticket = ticketByRequest.remove(requestNumber);
        if (ticket != NO_TICKET) {
            counters.increment(EngineCounter.CONTRIBUTIONS_ANSWERED);
            tell(new Mailbox.Outcome(ticket, ContributionOutcome.of(reply.getByte(offset))));
        }
    }

    private void tell(final Object event) {
        if (!mailbox.offer(event)) {
            counters.increment(EngineCounter.EVENTS_DISCARDED);
        }
    }

    /** Certificates as they come together. */
    private final class CertificateListener implements CertificateCollector.Listener {
        @Override
        public void onCertificate(final Certificate certificate) {
            deliver(rounds.onCertificate(certificate, nowNs));
        }

        @Override
        public void onConflictingVotes(
                final int peerId,
                final String round,
                final long sequence,
                final String firstDigest,
                final String secondDigest) {
            counters.increment(EngineCounter.RESULT_CONFLICTS);
        }

        @Override
        public void onDiverged(final Certificate certificate) {
            Invariant.check(
                    false,
                    "the result of round " + certificate.round() + " differs from the one that f + 1 peers signed");
        }
    }
}
