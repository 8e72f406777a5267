package io.quorate.engine.agent;

import io.quorate.engine.epoch.HandoverCertificate;
import io.quorate.engine.journal.JournalHistory;
import io.quorate.engine.membership.MembershipContext;
import io.quorate.engine.metrics.EngineStatus;
import io.quorate.engine.ordering.StateMachine;
import io.quorate.engine.verification.VerifyRing;
import io.quorate.transport.Transport;
import io.quorate.transport.auth.Roster;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.Verifier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.agrona.concurrent.NanoClock;

/**
 * What a {@link ConsensusAgent} stands in; the composition root fills it.
 *
 * @param signatures where requests' signatures are checked
 * @param packetsRefused packets that did not reach a link: strangers' addresses and streams
 * @param journal null in memory-only mode
 * @param history what the journal held at the start; null in memory-only mode
 * @param onDecision told about each certified decision on the agent's thread; must not block
 * @param watch how the peers are watched; null if they are not
 * @param place which epoch it is
 */
public record Surroundings(
        NanoClock clock,
        Transport transport,
        Signer signer,
        Verifier verifier,
        VerifyRing signatures,
        JobRing jobs,
        ResultRing results,
        CommandRing commands,
        Mailbox mailbox,
        EngineStatus identity,
        LongSupplier packetsRefused,
        JournalRing journal,
        JournalHistory history,
        Consumer<CertifiedDecision> onDecision,
        Watch watch,
        Place place) {
    /**
     * What membership begins with.
     *
     * @param membership concluded
     * @param random seeded; nobody outside should be able to foresee it
     */
    public record Watch(MembershipContext membership, RandomGenerator random) {}

    /**
     * An agent's place in the row of epochs.
     *
     * @param roster of its epoch
     * @param openedBy what opened it; null in the first
     * @param end what follows it, if this peer learned that in an earlier life; else null
     * @param carrierTo how rounds go over into the one that follows
     * @param before the agent of the epoch before, on the same thread; null if this is the first of a process
     */
    public record Place(
            Roster roster,
            HandoverCertificate openedBy,
            HandoverCertificate end,
            Function<Roster, StateMachine.Carrier> carrierTo,
            ConsensusAgent before) {}
}
