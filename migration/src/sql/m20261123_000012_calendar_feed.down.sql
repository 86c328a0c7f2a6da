drop table public.calendar_feed_entries;
