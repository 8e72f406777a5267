package io.quorate.engine.agent;

import io.quorate.engine.coordination.ContributionOutcome;
import io.quorate.engine.decision.DeadlineCommand;
import io.quorate.engine.decision.DecisionContext;
import io.quorate.engine.decision.DecisionMachine.RoundStatus;
import io.quorate.engine.epoch.EpochAdapter;
import io.quorate.engine.epoch.EpochPublisher;
import io.quorate.engine.epoch.Handover;
import io.quorate.engine.epoch.OpeningState;
import io.quorate.engine.epoch.Succession;
import io.quorate.engine.epoch.Verdict;
import io.quorate.engine.journal.DurableGate;
import io.quorate.engine.journal.JournalHistory;
import io.quorate.engine.journal.MemoryJournal;
import io.quorate.engine.membership.PartitionGuard;
import io.quorate.engine.metrics.Counters;
import io.quorate.engine.metrics.EngineCounter;
import io.quorate.engine.metrics.NetworkHealth;
import io.quorate.engine.metrics.PbftCounter;
import io.quorate.engine.metrics.ReadCounter;
import io.quorate.engine.node.MeshView;
import io.quorate.engine.node.PeerWatch;
import io.quorate.engine.ordering.Ordering;
import io.quorate.engine.ordering.StateMachine;
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
import io.quorate.engine.transfer.PagedSnapshot;
import io.quorate.transport.FrameHandler;
import io.quorate.transport.Outbox;
import io.quorate.transport.Transport;
import io.quorate.transport.auth.Roster;
import io.quorate.transport.codecs.ContributionDecoder;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import java.nio.charset.StandardCharsets;
import java.util.function.Function;
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
    private static final int FRAMES_A_TURN = 32;
    private static final int RESULTS_A_TURN = 64;
    private static final int COMMANDS_A_TURN = 64;
    private static final long NO_TICKET = -1;

    private final NanoClock clock;
    private final Transport transport;
    private final Outbox outbox;
    private final DurableGate gate;
    private final JobRing jobs;
    private final ResultRing results;
    private final CommandRing commands;
    private final Mailbox mailbox;
    private final PbftReplica replica;
    private final PbftClient client;
    private final PbftAdapter pbftAdapter;
    private final ReadServer readServer;
    private final ReadClient readClient;
    private final ReadAdapter readAdapter;
    private final RoundDesk desk;
    private final Succession succession;
    private final EpochAdapter epochAdapter;
    private final PeerWatch watch;
    private final NetworkHealth health;
    private final StatusReport report;
    private final Memory memory;
    private final Counters<EngineCounter> counters;
    private final Long2LongHashMap ticketByRequest;
    private final Long2LongHashMap ticketByRead;
    private final Long2LongHashMap ticketByStep;
    private final ExpandableArrayBuffer deadlineCommand = new ExpandableArrayBuffer();
    private final MessageHeaderDecoder header = new MessageHeaderDecoder();
    private final ContributionDecoder contribution = new ContributionDecoder();
    private final FrameHandler onMessage = this::onMessage;
    private final MessageHandler onResult = this::onResult;
    private final ControlledMessageHandler onCommand = this::onCommand;
    private final int selfId;
    private boolean isWatching;
    private long nowNs;

    /** What one agent hands to the next: nothing of it belongs to an epoch. */
    private record Memory(
            Counters<EngineCounter> counters,
            NetworkHealth health,
            Long2LongHashMap ticketByRequest,
            Long2LongHashMap ticketByRead,
            Long2LongHashMap ticketByStep) {
        static Memory empty(final long nowNs) {
            return new Memory(
                    new Counters<>(EngineCounter.class),
                    new NetworkHealth(nowNs),
                    new Long2LongHashMap(NO_TICKET),
                    new Long2LongHashMap(NO_TICKET),
                    new Long2LongHashMap(NO_TICKET));
        }
    }

    /**
     * @param pbft concluded
     * @param decision concluded
     */
    public ConsensusAgent(final Surroundings surroundings, final PbftContext pbft, final DecisionContext decision) {
        clock = surroundings.clock();
        transport = surroundings.transport();
        jobs = surroundings.jobs();
        selfId = pbft.selfId();
        results = surroundings.results();
        commands = surroundings.commands();
        mailbox = surroundings.mailbox();
        final ConsensusAgent before = surroundings.place().before();
        memory = before == null ? Memory.empty(clock.nanoTime()) : before.memory;
        counters = memory.counters();
        health = memory.health();
        health.onEpoch();
        ticketByRequest = memory.ticketByRequest();
        ticketByRead = memory.ticketByRead();
        ticketByStep = memory.ticketByStep();
        final JournalRing journal = surroundings.journal();
        gate = journal == null ? null : new DurableGate(journal, transport.outbox(), GATE_BYTES_MAX);
        outbox = journal == null ? transport.outbox() : gate;
        final PbftPublisher publisher = new PbftPublisher(pbft, transport.outbox(), gate);
        report = new StatusReport(surroundings, health);
        if (before != null) {
            report.adopt(before.report);
        }
        replica = new PbftReplica(
                pbft,
                publisher,
                surroundings.signer(),
                surroundings.verifier(),
                surroundings.jobs(),
                report,
                journal == null ? MemoryJournal.INSTANCE : journal);
        report.follow(replica.turnout());
        client = new PbftClient(pbft, publisher, surroundings.signer(), replica, this::onReply);
        pbftAdapter = new PbftAdapter(replica, client).verifyWith(surroundings.signatures());
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
        desk = new RoundDesk(
                surroundings, decision, counters, report, this::submitDeadline, before == null ? null : before.desk);
        watch = watch(surroundings);
        succession = succession(surroundings, pbft);
        epochAdapter = new EpochAdapter(succession);
        open(surroundings.place(), journal == null ? null : surroundings.history());
    }

    private PeerWatch watch(final Surroundings surroundings) {
        return surroundings.watch() == null
                ? null
                : new PeerWatch(
                        surroundings.watch().membership(),
                        surroundings.signer(),
                        surroundings.verifier(),
                        surroundings.watch().random(),
                        transport.outbox(),
                        report,
                        () -> {});
    }

    private Succession succession(final Surroundings surroundings, final PbftContext pbft) {
        final Surroundings.Place place = surroundings.place();
        return new Succession(
                place.roster(),
                pbft.selfId(),
                surroundings.signer(),
                surroundings.verifier(),
                new EpochPublisher(transport.outbox(), outbox, pbft.selfId(), pbft.peerCount()),
                pauses(pbft, place.carrierTo()),
                place.openedBy());
    }

    /** What the ways from an epoch to the next share with pBFT's settings. */
    public static Succession.Settings pauses(
            final PbftContext pbft, final Function<Roster, StateMachine.Carrier> carrierTo) {
        return new Succession.Settings(
                pbft.clientWindow(),
                pbft.pageLength(),
                carrierTo,
                pbft.retransmitNs(),
                pbft.retransmitMaxNs(),
                pbft.uselessChecksMax(),
                pbft.uselessCheckNs());
    }

    /** The order matters: what the epoch began with, what the journal adds, what waits here, the state that came with us. */
    private void open(final Surroundings.Place place, final JournalHistory history) {
        if (place.openedBy() != null) {
            final Handover handover = place.openedBy().handover();
            replica.open(handover.sequence(), handover.stateDigest());
        }
        if (history != null) {
            replica.restart(history, clock.nanoTime());
            desk.seenUpTo(replica.stableSequence());
        }
        if (place.end() != null) {
            succession.remember(place.end());
        }
        if (place.before() != null) {
            client.adopt(place.before().client, clock.nanoTime());
            readClient.adopt(place.before().readClient, clock.nanoTime());
            final OpeningState opening = place.before().succession.opening();
            if (opening != null) {
                replica.supply(opening.snapshot(), opening.lengthBytes());
            }
        }
    }

    /** True once it is proven what follows this epoch: this agent's part is over, and it must not work any more. */
    public boolean isEnded() {
        return succession.isEnded();
    }

    /** This peer's way from the epoch to the next. */
    public Succession succession() {
        return succession;
    }

    /** How this peer sees the others, for any thread; null if they are not watched. */
    public MeshView view() {
        return watch == null ? null : watch.view();
    }

    /** False after a restart without a memory, until the vote is earned back. */
    public boolean hasVote() {
        return replica.hasVote();
    }

    /**
     * Answers who asks how this peer is; all that is left to do when the epoch is over.
     *
     * @param hasLeft true if the peer is none in the next one
     */
    public int tellStatus(final boolean hasLeft) {
        if (!commands.takeStatusRequest()) {
            return 0;
        }
        tell(report.status(
                replica, succession, hasLeft, watch, counters, desk.decisionLatency(), transport.counters()));
        return 1;
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
        replica.beginTurn();
        workCount += transport.inbox().poll(onMessage, FRAMES_A_TURN);
        workCount += pbftAdapter.onTurn(nowNs);
        workCount += results.drain(onResult, RESULTS_A_TURN);
        // Before the embedder's commands: a busy embedder must not keep this peer from ending rounds.
        workCount += desk.endRounds(nowNs);
        workCount += commands.drain(onCommand, COMMANDS_A_TURN);
        tellStatus(false);
        replica.onTick(nowNs);
        client.onTick(nowNs);
        readServer.onTick();
        readClient.onTick(nowNs);
        workCount += desk.onTick(nowNs);
        final PagedSnapshot closing = replica.closingState();
        if (closing != null) {
            succession.close(closing, nowNs);
        }
        succession.onTick(nowNs);
        workCount += watchPeers();
        countGate();
        outbox.flush();
        return workCount;
    }

    private int watchPeers() {
        health.onTick(replica.counters().get(PbftCounter.REQUESTS_EXECUTED), nowNs);
        if (watch == null) {
            return 0;
        }
        if (!isWatching) {
            isWatching = true;
            watch.start(nowNs);
        }
        final int workCount = watch.onTick(nowNs);
        health.onWritable(watch.swim().guard().isWritable(), nowNs);
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
        if (watch != null && isWatching) {
            watch.leave(clock.nanoTime());
            transport.outbox().flush();
        }
        transport.close();
    }

    private void onMessage(final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes) {
        if (!pbftAdapter.onMessage(senderId, buffer, offset, lengthBytes, nowNs)
                && !readAdapter.onMessage(senderId, buffer, offset, lengthBytes)
                && !desk.onMessage(senderId, buffer, offset, lengthBytes, nowNs)
                && !epochAdapter.onMessage(senderId, buffer, offset, lengthBytes, nowNs)
                && !onWatchMessage(senderId, buffer, offset, lengthBytes)) {
            counters.increment(EngineCounter.MESSAGES_UNKNOWN);
        }
    }

    private boolean onWatchMessage(
            final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes) {
        if (watch == null) {
            return false;
        }
        if (watch.swim().guard().isLost(senderId)) {
            health.onLostHeard(nowNs);
        }
        return watch.onMessage(senderId, buffer, offset, lengthBytes, nowNs);
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
            case ResultRing.READ -> {
                final int body = index + ResultRing.BODY_OFFSET;
                final int length = lengthBytes - ResultRing.BODY_OFFSET;
                if (sequence < 0) {
                    onStaleAnswer(-sequence, buffer, body, length);
                } else {
                    readServer.onRead(sequence, buffer, body, length);
                }
            }
            case ResultRing.ROLLED_BACK -> replica.onRolledBack(sequence);
            case ResultRing.EVENT -> desk.onEvent((RoundEvent) results.takeObject(), nowNs);
            default -> throw new IllegalStateException("result of unknown type " + type);
        }
    }

    private Action onCommand(final int type, final MutableDirectBuffer buffer, final int index, final int lengthBytes) {
        return switch (type) {
            case CommandRing.CONTRIBUTE -> contribute(buffer, index, lengthBytes);
            case CommandRing.QUERY -> query(buffer, index, lengthBytes);
            case CommandRing.RECONFIGURE -> reconfigure(buffer, index, lengthBytes);
            default -> throw new IllegalStateException("command of unknown type " + type);
        };
    }

    private Action query(final MutableDirectBuffer buffer, final int index, final int lengthBytes) {
        final int body = index + CommandRing.BODY_OFFSET;
        if (watch != null && watch.view().minority(nowNs) != null) {
            // Nobody can confirm it: what this peer holds is better than silence.
            final long ticket = buffer.getLong(index + CommandRing.TICKET_OFFSET);
            return jobs.read(-ticket, selfId, buffer, body, lengthBytes - CommandRing.BODY_OFFSET)
                    ? Action.CONTINUE
                    : Action.ABORT;
        }
        final long readNumber = readClient.read(buffer, body, lengthBytes - CommandRing.BODY_OFFSET, nowNs);
        if (readNumber == ReadClient.REFUSED) {
            return Action.ABORT;
        }
        ticketByRead.put(readNumber, buffer.getLong(index + CommandRing.TICKET_OFFSET));
        return Action.CONTINUE;
    }

    private Action reconfigure(final MutableDirectBuffer buffer, final int index, final int lengthBytes) {
        final int body = index + CommandRing.BODY_OFFSET;
        final long requestNumber = client.submit(buffer, body, lengthBytes - CommandRing.BODY_OFFSET, nowNs);
        if (requestNumber == Ordering.REFUSED) {
            return Action.ABORT;
        }
        ticketByStep.put(requestNumber, buffer.getLong(index + CommandRing.TICKET_OFFSET));
        return Action.CONTINUE;
    }

    private void onStaleAnswer(final long ticket, final DirectBuffer answer, final int offset, final int lengthBytes) {
        final RoundStatus status = RoundStatus.decode(answer, offset, lengthBytes);
        final PartitionGuard.Refusal refusal = watch.swim().guard().refusal();
        if (status != null) {
            // A link that came back meanwhile does not make the answer newer.
            tell(new Mailbox.Answer(ticket, status.stale(refusal == null ? 0 : nowNs - refusal.staleSinceNs())));
        }
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
        desk.onContribution(
                new String(round, StandardCharsets.UTF_8), buffer.getLong(index + CommandRing.START_OFFSET));
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
        final long step = ticketByStep.remove(requestNumber);
        if (step != NO_TICKET) {
            tell(new Mailbox.Told(step, Verdict.told(reply, offset, lengthBytes)));
        }
    }

    private void tell(final Object event) {
        if (!mailbox.offer(event)) {
            counters.increment(EngineCounter.EVENTS_DISCARDED);
        }
    }
}
