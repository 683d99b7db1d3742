//! Rendered events: valid, canonical, and one for each patient.
