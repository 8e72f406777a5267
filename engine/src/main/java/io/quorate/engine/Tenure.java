package io.quorate.engine;

import io.quorate.engine.agent.JobRing;
import io.quorate.engine.agent.JournalRing;
import io.quorate.engine.agent.KernelAgent;
import io.quorate.engine.agent.ResultRing;
import io.quorate.engine.agent.Surroundings;
import io.quorate.engine.decision.DecisionContext;
import io.quorate.engine.journal.JournalHistory;
import io.quorate.engine.metrics.EngineStatus;
import io.quorate.engine.pbft.PbftContext;
import io.quorate.engine.verification.VerifyRing;
import io.quorate.transport.aeron.AeronTransportContext;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.Verifier;

/**
 * What a peer is made of in one epoch, but for what only the consensus thread may make: its links and its {@link
 * io.quorate.engine.agent.ConsensusAgent}. Made by the {@link Steward}.
 *
 * @param links settings of the links; concluded, so that no name has to be looked up
 * @param pbft concluded
 * @param decision concluded
 * @param journal null in memory-only mode
 * @param history what the journal held; null in memory-only mode
 * @param identity a status whose unchanging parts are filled in
 * @param watch how the peers are watched; null if they are not
 */
record Tenure(
        EpochFiles.Station station,
        AeronTransportContext links,
        Signer signer,
        Verifier verifier,
        VerifyRing signatures,
        PbftContext pbft,
        DecisionContext decision,
        JobRing jobs,
        ResultRing results,
        KernelAgent kernels,
        JournalRing journal,
        JournalHistory history,
        EngineStatus identity,
        Surroundings.Watch watch) {}
