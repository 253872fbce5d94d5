//! The charts, in SVG.
//!
//! On white, whatever is behind them; each runtime has the same colour everywhere, and in the curves
//! a mark of its own.
//!
//! | Module | What it has |
//! | --- | --- |
//! | [`canvas`] | shapes and text at places |
//! | [`scale`] | where a figure is on an axis |
//! | [`bars`] | a bar for each runtime |
//! | [`curves`] | how figures grow |

pub mod bars;
pub mod canvas;
pub mod curves;
pub mod scale;
