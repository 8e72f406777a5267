package io.quorate.engine.agent;

import io.quorate.engine.decision.Certificate;
import io.quorate.engine.decision.Decision;

/**
 * A decision, the proof that the group made it, and how long it took here.
 *
 * @param decisionNanos from this peer's contribution, or from the moment it saw the round open if it made none, to the
 *     certificate
 */
public record CertifiedDecision(Decision decision, Certificate certificate, long decisionNanos) {}
