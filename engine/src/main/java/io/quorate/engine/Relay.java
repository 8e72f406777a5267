package io.quorate.engine;

import io.quorate.engine.agent.CertifiedDecision;
import io.quorate.engine.agent.CommandRing;
import io.quorate.engine.agent.ConsensusAgent;
import io.quorate.engine.agent.Mailbox;
import io.quorate.engine.agent.Surroundings;
import io.quorate.engine.epoch.EpochPublisher;
import io.quorate.engine.epoch.HandoverCertificate;
import io.quorate.engine.epoch.Joining;
import io.quorate.engine.epoch.Succession;
import io.quorate.engine.metrics.EngineStatus;
import io.quorate.engine.node.MeshView;
import io.quorate.engine.pbft.PbftContext;
import io.quorate.engine.verification.VerifyAgent;
import io.quorate.transport.aeron.AeronTransport;
import io.quorate.transport.aeron.AeronTransportContext;
import io.quorate.transport.auth.Roster;
import java.util.ArrayDeque;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.agrona.CloseHelper;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.SystemNanoClock;

/**
 * The consensus side of a peer through its epochs (docs/protocols/reconfiguration.md, section 4): drives the agent of the current
 * one; when that is over, has the {@link Steward} make what the next is made of, and changes to it between two turns. Meanwhile,
 * and as long as the peer runs, whoever speaks in an epoch that is over is shown what follows.
 *
 * <p>Made on the launching thread; from then on everything is on the consensus thread.
 */
final class Relay implements Agent {
    /** A peer that is further behind is given newer rosters by its operator. */
    private static final int PAST_MAX = 4;

    private static final long PAST_PAUSE_NS = 1_000_000;

    private final Desk desk;
    private final Steward steward;
    private final KernelSeat kernels;
    private final VerifyAgent verifier;
    private final ArrayDeque<EpochPost> past = new ArrayDeque<>();
    private AeronTransport transport;
    private ConsensusAgent agent;
    private Newcomer newcomer;
    private long pastAtNs;
    private boolean isOver;
    private volatile Roster roster;
    private volatile MeshView view;

    /** What all epochs share: the embedder's side. */
    record Desk(
            CommandRing commands,
            Mailbox mailbox,
            LongSupplier packetsRefused,
            Consumer<CertifiedDecision> onDecision) {}

    /** A peer that knows which epoch it joins, and has not seen the proof that it has begun. */
    private record Newcomer(Roster before, Joining joining, EpochPost post) {}

    Relay(final Desk desk, final Steward steward, final KernelSeat kernels, final VerifyAgent verifier) {
        this.desk = desk;
        this.steward = steward;
        this.kernels = kernels;
        this.verifier = verifier;
    }

    /**
     * Begins a life; a replica that has a journal has its base on the disk when this returns.
     *
     * @param stations all epochs that this peer knows
     * @param home the one of them to begin in
     * @param before roster of the epoch before, of a newcomer; else null
     * @throws IllegalStateException if the port is taken, or the journal cannot be written
     */
    void begin(final List<EpochFiles.Station> stations, final EpochFiles.Station home, final Roster before) {
        final Incarnation incarnation = steward.files().next(home.roster());
        final AeronTransportContext links = steward.links(home.roster(), incarnation);
        transport = AeronTransport.launch(links);
        if (before != null && home.openedBy() == null && incarnation.isFirstStart()) {
            roster = home.roster();
            newcomer = newcomer(before, incarnation);
            return;
        }
        final Tenure tenure = steward.make(home, links, incarnation, incarnation.isFirstStart());
        final int place = stations.indexOf(home);
        enter(tenure, place + 1 < stations.size() ? stations.get(place + 1).openedBy() : null);
        steward.awaitBase(tenure.journal());
        for (int i = 0; i < place; i++) {
            remember(stations.get(i), stations.get(i + 1).openedBy());
        }
    }

    private Newcomer newcomer(final Roster before, final Incarnation incarnation) {
        final PbftContext pbft = steward.replicaSettings(roster, incarnation, false);
        final Joining joining = new Joining(
                before,
                steward.verifier(before),
                roster,
                pbft.selfId(),
                new EpochPublisher(transport.outbox(), transport.outbox(), pbft.selfId(), pbft.peerCount()),
                ConsensusAgent.pauses(pbft, null));
        return new Newcomer(before, joining, EpochPost.ofNewcomer(transport, joining));
    }

    /** An epoch that ended here in an earlier life. */
    private void remember(final EpochFiles.Station station, final HandoverCertificate end) {
        final Roster of = station.roster();
        if (!steward.isIn(of)) {
            return;
        }
        final Incarnation incarnation = steward.files().next(of);
        steward.files().keep(of, incarnation);
        final PbftContext pbft = steward.replicaSettings(of, incarnation, false);
        final AeronTransport links;
        try {
            links = AeronTransport.launch(steward.links(of, incarnation));
        } catch (final IllegalStateException | IllegalArgumentException gone) {
            // This peer has moved since, or a name of then has no address: whoever is still there asks the others.
            return;
        }
        final Succession ended = Succession.ended(
                of,
                pbft.selfId(),
                steward.signer(of),
                steward.verifier(of),
                new EpochPublisher(links.outbox(), links.outbox(), pbft.selfId(), pbft.peerCount()),
                ConsensusAgent.pauses(pbft, null),
                station.openedBy(),
                end);
        keepPast(EpochPost.ofPast(links, ended));
    }

    private void keepPast(final EpochPost post) {
        past.addLast(post);
        if (past.size() > PAST_MAX) {
            past.removeFirst().close();
        }
    }

    private void enter(final Tenure tenure, final HandoverCertificate end) {
        final Roster entered = tenure.station().roster();
        if (transport == null) {
            transport = AeronTransport.launch(tenure.links());
        }
        agent = new ConsensusAgent(
                new Surroundings(
                        SystemNanoClock.INSTANCE,
                        steward.voice(transport, tenure),
                        tenure.signer(),
                        tenure.verifier(),
                        tenure.signatures(),
                        tenure.jobs(),
                        tenure.results(),
                        desk.commands(),
                        desk.mailbox(),
                        tenure.identity(),
                        desk.packetsRefused(),
                        tenure.journal(),
                        tenure.history(),
                        desk.onDecision(),
                        tenure.watch(),
                        new Surroundings.Place(
                                entered,
                                tenure.station().openedBy(),
                                end,
                                Steward.carrierFrom(tenure.decision()),
                                agent)),
                tenure.pbft(),
                tenure.decision());
        kernels.follow(tenure.kernels());
        verifier.serve(tenure.signatures());
        isOver = false;
        roster = entered;
        view = agent.view();
    }

    /** The roster of the epoch that this peer stands in; any thread. */
    Roster roster() {
        return roster;
    }

    /** How this peer sees the others of its epoch; null if they are not watched, or it has not entered one. Any thread. */
    MeshView view() {
        return view;
    }

    @Override
    public String roleName() {
        return "consensus";
    }

    @Override
    public int doWork() {
        if (agent != null && !isOver) {
            final int workCount = agent.doWork();
            if (agent.isEnded()) {
                end();
            }
            return workCount + (past.isEmpty() ? 0 : workForPast());
        }
        int workCount = 0;
        if (newcomer != null) {
            workCount += workForNewcomer();
        } else if (agent != null) {
            workCount += agent.tellStatus(steward.farewell() != null);
        }
        workCount += workForPast();
        final Tenure next = steward.take();
        if (next != null) {
            enter(next, null);
            workCount++;
        }
        return workCount;
    }

    private int workForPast() {
        final long nowNs = SystemNanoClock.INSTANCE.nanoTime();
        if (nowNs - pastAtNs < PAST_PAUSE_NS) {
            return 0;
        }
        pastAtNs = nowNs;
        int workCount = 0;
        for (final EpochPost post : past) {
            workCount += post.doWork(nowNs);
        }
        return workCount;
    }

    private int workForNewcomer() {
        final int workCount = newcomer.post().doWork(SystemNanoClock.INSTANCE.nanoTime());
        if (desk.commands().takeStatusRequest()) {
            final int selfId = steward.selfId(roster);
            desk.mailbox().offer(steward.identity(roster, selfId, new EngineStatus.Epoch("joins", 0, 0)));
        }
        final HandoverCertificate openedBy = newcomer.joining().certificate();
        if (openedBy != null) {
            steward.succeed(newcomer.before(), openedBy, true);
            newcomer = null;
        }
        return workCount;
    }

    private void end() {
        isOver = true;
        keepPast(EpochPost.ofPast(transport, agent.succession()));
        transport = null;
        steward.succeed(roster, agent.succession().certificate(), agent.hasVote());
    }

    @Override
    public void onClose() {
        CloseHelper.quietCloseAll(past);
        past.clear();
        if (agent != null && !isOver) {
            // Says goodbye first, and closes the links.
            CloseHelper.quietClose(agent::onClose);
        } else {
            CloseHelper.quietClose(transport);
        }
        transport = null;
    }
}
