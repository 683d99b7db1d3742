//! Calendars and policies as they are read, and their expansion against one that counts every minute.

mod brute;
mod demo;
mod ical;
mod offers;
mod reading;
mod series;
mod times;
